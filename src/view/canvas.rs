//! A canvas that is sharp on every screen.

use std::cell::{Cell, RefCell};

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement};

pub(super) struct Canvas {
    element: HtmlCanvasElement,
    /// Asking for it again gives the same one, but makes a detour by the browser.
    pen: RefCell<Option<CanvasRenderingContext2d>>,
    width: Cell<f64>,
    height: Cell<f64>,
}

impl Canvas {
    pub(super) fn new(element: HtmlElement) -> Self {
        Self {
            element: element.unchecked_into(),
            pen: RefCell::default(),
            width: Cell::new(0.0),
            height: Cell::new(0.0),
        }
    }

    /// The width in CSS px, as at the last [`begin`](Self::begin).
    pub(super) fn width(&self) -> f64 {
        self.width.get()
    }

    pub(super) fn height(&self) -> f64 {
        self.height.get()
    }

    /// An empty canvas of the size that the element has now, measured in CSS px; `None` if it is not
    /// to be seen.
    pub(super) fn begin(&self) -> Option<CanvasRenderingContext2d> {
        let (width, height) = (self.element.client_width(), self.element.client_height());
        if width == 0 || height == 0 {
            return None;
        }
        let (width, height) = (f64::from(width), f64::from(height));
        let scale = window().device_pixel_ratio();
        let pixels = |length: f64| (length * scale) as u32;
        if self.element.width() != pixels(width) || self.element.height() != pixels(height) {
            self.element.set_width(pixels(width));
            self.element.set_height(pixels(height));
        }
        self.width.set(width);
        self.height.set(height);
        if self.pen.borrow().is_none() {
            let pen = self.element.get_context("2d").ok().flatten()?;
            self.pen.replace(Some(pen.unchecked_into()));
        }
        let pen = self.pen.borrow().clone()?;
        let _ = pen.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0);
        pen.clear_rect(0.0, 0.0, width, height);
        Some(pen)
    }

    /// The colour that a token of the style has now.
    pub(super) fn colour(&self, token: &str) -> String {
        let style = window().get_computed_style(&self.element).ok().flatten();
        style
            .and_then(|style| style.get_property_value(token).ok())
            .unwrap_or_default()
    }
}
