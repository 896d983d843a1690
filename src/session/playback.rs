//! A capture in place of the stream.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Blob, File};

use super::stream::Session;
use crate::{
    journal::CaptureError,
    source::{Capture, Source, thrown_message},
};

/// A capture that is opened in place of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Playback {
    /// The name of the file, if the log shows a capture and its file has a name.
    pub name: String,
    /// The capture's JSON object of facts, if the log shows a capture. More facts can follow while it is
    /// read.
    pub facts: Option<String>,
    /// Whether the capture is still being made, and is read as it arrives.
    pub is_live: bool,
    /// Differs for each capture that is opened; 0 if the log shows none.
    pub(crate) turn: u32,
    /// The fraction of a file that was read, from 0 to 1; `None` if no file is being read.
    pub progress: Option<f64>,
    /// Why the last file could not be read completely.
    pub error: Option<CaptureError>,
}

impl Session {
    pub(super) fn play(&self, file: Blob) {
        self.stop_playing();
        let name = file.dyn_ref::<File>().map(File::name);
        *self.file_name.borrow_mut() = name.unwrap_or_default();
        let on_notice = self.on_notice();
        *self.file.borrow_mut() = Some(Capture::open(file, on_notice));
        self.playback.update(|playback| {
            playback.progress = Some(0.0);
            playback.error = None;
        });
    }

    pub(super) fn follow(&self, path: &str, name: &str) {
        self.stop_playing();
        name.clone_into(&mut self.file_name.borrow_mut());
        let capture = Capture::request(path, self.on_notice());
        let error = capture
            .as_ref()
            .err()
            .map(|error| CaptureError::Unreadable {
                message: thrown_message(error),
            });
        *self.file.borrow_mut() = capture.ok();
        self.playback.update(|playback| playback.error = error);
    }

    pub(super) fn stop_playing(&self) {
        self.file.take();
        let plays = matches!(*self.source.borrow(), Some(Source::Capture(_)));
        if plays {
            self.source.take();
        }
        if self
            .playback
            .with_untracked(|playback| playback.progress.is_some() || playback.is_live)
        {
            self.playback.update(|playback| {
                playback.progress = None;
                playback.is_live = false;
            });
        }
    }

    /// Puts the capture that is being read in the place of the stream.
    pub(super) fn show_capture(&self, facts: &str) {
        let capture = self.file.take();
        self.turns.update(|turns| turns + 1);
        self.disconnect();
        self.forget_response();
        self.set_failure(None);
        *self.source.borrow_mut() = capture.map(Source::Capture);
        let mut entries = self.entries.write();
        entries.start_over();
        entries.restart("");
        drop(entries);
        self.playback.update(|playback| {
            playback.name = self.file_name.take();
            playback.facts = Some(facts.to_owned());
            // A file has a progress.
            playback.is_live = playback.progress.is_none();
            playback.turn = self.turns.get();
        });
    }

    pub(super) fn set_playback(&self, playback: Playback) {
        if self.playback.with_untracked(|known| *known != playback) {
            self.playback.set(playback);
        }
    }
}
