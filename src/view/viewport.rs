//! The scroll arithmetic of the log. Pure.
//!
//! Only the rows in sight are in the document, within an element that is as high as all rows together.
//! Browsers limit the height of an element. Where all rows would be higher, the scroll bar gets another
//! scale: the wheel still moves by rows, and dragging the bar still reaches any row.
//!
//! Positions of rows are counted in rows from the first one, with a fraction.

/// The height of a row, in px: `--row` in `style/log.css`.
pub(super) const ROW: f64 = 24.0;

/// The largest height of all rows together, in px. Firefox's own limit is about 17 million.
const HIGHEST: f64 = 10_000_000.0;

/// How many rows are in the document above and below those in sight.
const MARGIN: f64 = 2.0;

/// The part of the log that is in sight.
#[derive(Clone, Debug)]
pub(super) struct Viewport {
    /// The height of the window, in px.
    height: f64,
    /// The height of all rows together, in px.
    content: f64,
    /// The position of the scroll bar, in px.
    scroll: f64,
    /// Whether the last row stays in sight as rows are added.
    following: bool,
}

/// What to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Layout {
    /// The position of the upper edge.
    pub(super) top: f64,
    /// The height of all rows together, in px.
    pub(super) content: f64,
    /// Whether that is another height than before.
    pub(super) content_changed: bool,
    /// Where to move the scroll bar, in px, if it has to move.
    pub(super) scroll: Option<f64>,
}

impl Layout {
    /// The rows to show, of `rows` in all.
    pub(super) fn rows(&self, viewport: &Viewport, rows: u64) -> std::ops::Range<u64> {
        let first = (self.top - MARGIN).max(0.0) as u64;
        let end = (self.top + viewport.room() + MARGIN).ceil() as u64;
        first..end.min(rows)
    }
}

impl Viewport {
    /// A window of `height` px that follows the last row.
    pub(super) fn new(height: f64) -> Self {
        Self {
            height,
            content: 0.0,
            scroll: 0.0,
            following: true,
        }
    }

    pub(super) fn set_height(&mut self, height: f64) {
        self.height = height;
    }

    /// The position of the scroll bar, in px.
    pub(super) fn scroll(&self) -> f64 {
        self.scroll
    }

    /// Records that the page itself moved the scroll bar.
    pub(super) fn set_scroll(&mut self, scroll: f64) {
        self.scroll = scroll;
    }

    pub(super) fn is_following(&self) -> bool {
        self.following
    }

    pub(super) fn set_following(&mut self, following: bool) {
        self.following = following;
    }

    /// How many rows fit in the window.
    pub(super) fn room(&self) -> f64 {
        self.height / ROW
    }

    /// The upper edge with which the last row is in sight.
    fn lowest(&self, rows: u64) -> f64 {
        (rows as f64 - self.room()).max(0.0)
    }

    /// The upper edge, if it stays at `held` while the window does not follow the last row.
    pub(super) fn top(&self, rows: u64, held: f64) -> f64 {
        if self.following {
            self.lowest(rows)
        } else {
            held.min(self.lowest(rows))
        }
    }

    /// Whether the scroll bar has another scale than the rows.
    fn is_scaled(&self) -> bool {
        self.content >= HIGHEST
    }

    /// What to show of `rows`, if the upper edge stays at `held` while the window does not follow the
    /// last row.
    pub(super) fn layout(&mut self, rows: u64, held: f64) -> Layout {
        if self.lowest(rows) == 0.0 {
            self.following = true;
        }
        let top = self.top(rows, held);
        let content = (rows as f64 * ROW).min(HIGHEST);
        let content_changed = std::mem::replace(&mut self.content, content) != content;
        let free = (self.content - self.height).max(0.0);
        let scroll = if self.following {
            free
        } else if self.is_scaled() {
            // While the wheel turns, the bar keeps its own pace; `scrolled` corrects it at the ends.
            self.scroll.min(free)
        } else {
            top * ROW
        };
        Layout {
            top,
            content,
            content_changed,
            scroll: ((scroll - self.scroll).abs() >= 1.0).then_some(scroll),
        }
    }

    /// Handles scrolling, by the user or by the browser because the window grew: the bar is now at
    /// `scroll` px, in a window of `height` px. Returns the upper edge; `None` if the bar has not moved.
    pub(super) fn scrolled(
        &mut self,
        scroll: f64,
        height: f64,
        rows: u64,
        held: f64,
    ) -> Option<f64> {
        let before = std::mem::replace(&mut self.scroll, scroll);
        let top_before = self.top(rows, held);
        self.height = height;
        if scroll == before {
            return None;
        }
        let lowest = self.lowest(rows);
        let free = self.content - self.height;
        let moved = scroll - before;
        let top = if !self.is_scaled() {
            scroll / ROW
        } else if scroll <= 0.0 {
            0.0
        } else if scroll >= free - 1.0 {
            lowest
        } else if moved.abs() < 2.0 * self.height {
            top_before + moved / ROW
        } else {
            scroll / free * lowest
        };
        let top = within(top, (0.0, lowest));
        // Browsers round the position of the bar: it may be a pixel off.
        self.following = top >= lowest - 1.0 / ROW;
        Some(top)
    }

    /// The upper edge with which the row `place` is in the middle of the window.
    pub(super) fn centred(&self, place: u64, rows: u64) -> f64 {
        let top = place as f64 - (self.room() / 2.0).floor();
        within(top, (0.0, self.lowest(rows)))
    }

    /// Moves as little as needed to have the row `place` in sight; returns the upper edge if it has
    /// changed. The row is being looked at, so the window does not follow away from it.
    pub(super) fn reveal(&mut self, place: u64, rows: u64, held: f64) -> Option<f64> {
        let top = self.top(rows, held);
        let above = place as f64;
        let below = above + 1.0 - self.room();
        if above < top {
            self.following = false;
            Some(above)
        } else if below > top {
            self.following = below >= self.lowest(rows);
            Some(below)
        } else if self.following && place + 2 < rows {
            self.following = false;
            Some(top)
        } else {
            None
        }
    }
}

/// `number`, or the limit that it exceeds. The panic message of `f64::clamp` formats numbers, which would
/// add 9 kB to the page.
pub(super) fn within(number: f64, (low, high): (f64, f64)) -> f64 {
    let number = if number > low { number } else { low };
    if number < high { number } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window of ten rows.
    fn ten() -> Viewport {
        Viewport::new(10.0 * ROW)
    }

    /// Shows `rows`, and moves the scroll bar as the layout asks.
    fn show(viewport: &mut Viewport, rows: u64, held: f64) -> Layout {
        let layout = viewport.layout(rows, held);
        if let Some(scroll) = layout.scroll {
            viewport.set_scroll(scroll);
        }
        layout
    }

    #[test]
    fn the_last_row_stays_in_sight() {
        let mut viewport = ten();
        for (rows, top) in [(0, 0.0), (1, 0.0), (10, 0.0), (11, 1.0), (1_000, 990.0)] {
            let layout = show(&mut viewport, rows, 0.0);
            assert_eq!(layout.top, top);
            assert_eq!(viewport.scroll(), top * ROW);
            let shown = layout.rows(&viewport, rows);
            assert_eq!(shown.end, rows);
            assert!(shown.end - shown.start <= 14);
        }
    }

    #[test]
    fn scrolling_up_ends_following_and_scrolling_to_the_end_begins_it() {
        let mut viewport = ten();
        show(&mut viewport, 100, 0.0);
        let height = 10.0 * ROW;
        assert_eq!(viewport.scrolled(50.0 * ROW, height, 100, 0.0), Some(50.0));
        assert!(!viewport.is_following());
        assert_eq!(show(&mut viewport, 200, 50.0).top, 50.0);
        assert_eq!(viewport.scrolled(50.0 * ROW, height, 200, 50.0), None);
        let end = 190.0 * ROW;
        assert_eq!(
            viewport.scrolled(end - 1.0, height, 200, 50.0),
            Some(190.0 - 1.0 / ROW)
        );
        assert!(viewport.is_following(), "a pixel may be lost to rounding");
    }

    #[test]
    fn a_window_that_grows_continues_to_follow() {
        let mut viewport = Viewport::new(9.0 * ROW);
        show(&mut viewport, 100, 0.0);
        // The browser moves the bar before it reports the new height.
        let top = viewport.scrolled(90.0 * ROW, 10.0 * ROW, 100, 0.0);
        assert_eq!(top, Some(90.0));
        assert!(viewport.is_following());
        assert_eq!(show(&mut viewport, 101, 0.0).top, 91.0);
    }

    #[test]
    fn rows_that_fit_the_window_are_followed() {
        let mut viewport = ten();
        show(&mut viewport, 100, 0.0);
        viewport.scrolled(0.0, 10.0 * ROW, 100, 0.0);
        assert!(!viewport.is_following());
        assert_eq!(show(&mut viewport, 5, 0.0).top, 0.0);
        assert!(viewport.is_following());
    }

    #[test]
    fn a_million_rows_scroll_by_the_wheel_and_by_the_bar() {
        const ROWS: u64 = 1_000_000;
        let (mut viewport, height) = (ten(), 10.0 * ROW);
        let layout = show(&mut viewport, ROWS, 0.0);
        assert_eq!(layout.content, HIGHEST);
        assert_eq!(layout.top, 999_990.0);
        let end = viewport.scroll();
        // The wheel.
        let top = viewport.scrolled(end - 3.0 * ROW, height, ROWS, 0.0);
        assert_eq!(top, Some(999_987.0));
        assert!(!viewport.is_following());
        let layout = viewport.layout(ROWS, 999_987.0);
        assert_eq!((layout.top, layout.scroll), (999_987.0, None));
        // The bar, dragged to the middle and to both ends.
        let free = HIGHEST - height;
        let top = viewport.scrolled(free / 2.0, height, ROWS, 999_987.0);
        assert_eq!(top, Some(999_990.0 / 2.0));
        assert_eq!(viewport.scrolled(0.0, height, ROWS, 0.0), Some(0.0));
        assert_eq!(viewport.scrolled(free, height, ROWS, 0.0), Some(999_990.0));
        assert!(viewport.is_following());
    }

    #[test]
    fn a_row_is_revealed_with_the_least_movement() {
        let mut viewport = ten();
        show(&mut viewport, 100, 0.0);
        // In sight: the window stays, but no longer follows.
        assert_eq!(viewport.reveal(95, 100, 0.0), Some(90.0));
        assert!(!viewport.is_following());
        assert_eq!(viewport.reveal(92, 100, 90.0), None);
        assert_eq!(viewport.reveal(80, 100, 90.0), Some(80.0));
        assert_eq!(viewport.reveal(95, 100, 80.0), Some(86.0));
        assert!(!viewport.is_following());
        assert_eq!(viewport.reveal(99, 100, 86.0), Some(90.0));
        assert!(viewport.is_following(), "the last row");
        assert_eq!(viewport.centred(50, 100), 45.0);
        assert_eq!(viewport.centred(2, 100), 0.0);
        assert_eq!(viewport.centred(99, 100), 90.0);
    }
}
