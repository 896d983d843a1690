//! A canvas that is sharp on every screen.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

/// A canvas to draw on, cleared, in the size that its element has now. All lengths are in CSS px.
pub(super) struct Canvas {
    pub(super) pen: CanvasRenderingContext2d,
    pub(super) width: f64,
    pub(super) height: f64,
    style: Option<web_sys::CssStyleDeclaration>,
}

impl Canvas {
    /// Begins to draw; `None` if the element is not visible.
    pub(super) fn begin(element: &HtmlCanvasElement) -> Option<Self> {
        let (width, height) = (element.client_width(), element.client_height());
        if width == 0 || height == 0 {
            return None;
        }
        let (width, height) = (f64::from(width), f64::from(height));
        let scale = window().device_pixel_ratio();
        let pixels = |length: f64| (length * scale) as u32;
        if element.width() != pixels(width) || element.height() != pixels(height) {
            element.set_width(pixels(width));
            element.set_height(pixels(height));
        }
        let pen: CanvasRenderingContext2d =
            element.get_context("2d").ok().flatten()?.unchecked_into();
        let _ = pen.set_transform(scale, 0.0, 0.0, scale, 0.0, 0.0);
        pen.clear_rect(0.0, 0.0, width, height);
        let style = window().get_computed_style(element).ok().flatten();
        Some(Self {
            pen,
            width,
            height,
            style,
        })
    }

    /// The value of a colour token of the style.
    pub(super) fn colour(&self, token: &str) -> String {
        let style = self.style.as_ref();
        style
            .and_then(|style| style.get_property_value(token).ok())
            .unwrap_or_default()
    }
}
