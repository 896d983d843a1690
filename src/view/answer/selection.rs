//! The selected text of the answer, and the rows of the log that it is from.

use std::collections::BTreeSet;

use leptos::{html, prelude::*};
use send_wrapper::SendWrapper;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Element, Node, Range};

use super::{super::watched::Watched, reading::Reading, section::range_of};
use crate::frame::Frame;

/// Listens to changes of the selection in a document. Stops when it is dropped.
struct Listener {
    callback: Closure<dyn Fn()>,
}

impl Listener {
    fn new(changed: impl Fn() + 'static) -> Self {
        let callback = Closure::<dyn Fn()>::new(changed);
        let function = callback.as_ref().unchecked_ref();
        // The event is of the document, and does not bubble.
        let _ = document().add_event_listener_with_callback("selectionchange", function);
        Self { callback }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.callback.as_ref().unchecked_ref();
        let _ = document().remove_event_listener_with_callback("selectionchange", function);
    }
}

/// Marks the rows that the selected text in `body` is from, at most once a frame.
pub(super) fn follow(reading: Reading, body: NodeRef<html::Div>) {
    let watched = Watched::expect();
    let frame = Frame::new(move || {
        let lines = match body.try_get_untracked().flatten() {
            Some(body) if watched.answer.get_untracked() => selected_lines(reading, &body),
            _ => Vec::new(),
        };
        show(reading, watched, lines);
    });
    let listener = Listener::new(move || frame.request());
    StoredValue::new(SendWrapper::new(listener));
    Effect::new(move |_| {
        if !watched.answer.get() {
            show(reading, watched, Vec::new());
        }
    });
    on_cleanup(move || {
        watched.marked.try_set(Vec::new());
    });
}

fn show(reading: Reading, watched: Watched, lines: Vec<u64>) {
    let is_held = !lines.is_empty();
    if reading.is_held.get_untracked() != is_held {
        reading.is_held.set(is_held);
    }
    let before = watched
        .marked
        .with_untracked(|lines| lines.first().copied());
    if let Some(first) = lines
        .first()
        .copied()
        .filter(|first| Some(*first) != before)
    {
        watched.sought.set(Some(first));
    }
    if watched.marked.with_untracked(|before| *before != lines) {
        watched.marked.set(lines);
    }
}

/// The lines that the selected text within `body` is from, in ascending order.
fn selected_lines(reading: Reading, body: &Element) -> Vec<u64> {
    let selection = window().get_selection().ok().flatten();
    let selection = selection.filter(|selection| !selection.is_collapsed());
    let Some((selection, range)) = selection.and_then(|selection| {
        let range = selection.get_range_at(0).ok()?;
        Some((selection, range))
    }) else {
        return Vec::new();
    };
    let ends = (
        range.start_container().ok().zip(range.start_offset().ok()),
        range.end_container().ok().zip(range.end_offset().ok()),
    );
    let (Some(start), Some(end)) = ends else {
        return Vec::new();
    };
    let common = range.common_ancestor_container().ok();
    if !common.is_some_and(|common| common.contains(Some(body)) || body.contains(Some(&common))) {
        return Vec::new();
    }
    let mut lines = BTreeSet::new();
    reading.chunks.with_value(|chunks| {
        for chunk in chunks {
            let Some(node) = chunk.node.get_untracked() else {
                continue;
            };
            let is_in = selection.contains_node_with_allow_partial_containment(&node, true);
            if !is_in.unwrap_or_default() {
                continue;
            }
            untrack(|| {
                reading.answer(|answer, _| {
                    let pieces = &answer.parts.get(chunk.part)?.pieces;
                    let range = range_of(pieces.text(), chunk.number);
                    let from = bytes_before(&node, &start).unwrap_or_default();
                    let to = bytes_before(&node, &end).unwrap_or(range.len());
                    lines.extend(pieces.lines(range.start + from..range.start + to));
                    Some(())
                })
            });
        }
    });
    lines.into_iter().collect()
}

/// How many bytes of the text of `element` are before a place, if the place is within.
fn bytes_before(element: &Element, (node, offset): &(Node, u32)) -> Option<usize> {
    if !element.contains(Some(node)) {
        return None;
    }
    let before = Range::new().ok()?;
    before.set_start(element, 0).ok()?;
    before.set_end(node, *offset).ok()?;
    Some(String::from(before.to_string()).len())
}
