//! How many streams the tabs of this page have open to a server. Each holds a shared lock with a name (Web Locks),
//! which the other tabs can count: a browser opens six connections to one server, for all tabs together.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Array, Function, Promise};
use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

// Of web-sys this is an unstable part.
#[wasm_bindgen]
extern "C" {
    type NavigatorLocks;

    /// None on a page that is not secure, or in a browser without them.
    #[wasm_bindgen(method, getter)]
    fn locks(this: &NavigatorLocks) -> Option<LockManager>;

    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(
        this: &LockManager,
        name: &str,
        options: &LockOptions,
        callback: &Function,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn query(this: &LockManager) -> Result<Promise, JsValue>;

    #[wasm_bindgen(extends = js_sys::Object)]
    type LockOptions;

    #[wasm_bindgen(method, setter)]
    fn set_mode(this: &LockOptions, mode: &str);

    type LockManagerSnapshot;

    #[wasm_bindgen(method, getter)]
    fn held(this: &LockManagerSnapshot) -> Array;

    type LockInfo;

    #[wasm_bindgen(method, getter)]
    fn name(this: &LockInfo) -> String;
}

/// The locks of this page's origin.
fn locks() -> Option<LockManager> {
    window()
        .navigator()
        .unchecked_into::<NavigatorLocks>()
        .locks()
}

/// The name of the locks of the streams that share connections: those to one server, with credentials or without.
fn name(origin: &str, has_credentials: bool) -> String {
    let credentials = if has_credentials { "with" } else { "without" };
    ["sse-scope stream ", credentials, " credentials ", origin].concat()
}

/// A stream that is counted until this is dropped.
pub(crate) struct Counted(Rc<RefCell<Ends>>);

/// What ends the lock: resolves the promise of its callback.
enum Ends {
    /// The lock is not held yet.
    Later,
    By(Function),
    /// It ends as soon as it is held.
    AtOnce,
}

impl Counted {
    /// Counts a stream.
    pub(crate) fn new(origin: &str, has_credentials: bool) -> Option<Self> {
        let ends = Rc::new(RefCell::new(Ends::Later));
        let held = Rc::clone(&ends);
        let callback = Closure::once_into_js(move || {
            Promise::new(&mut |resolve, _| {
                let mut held = held.borrow_mut();
                if matches!(*held, Ends::AtOnce) {
                    let _ = resolve.call0(&JsValue::UNDEFINED);
                } else {
                    *held = Ends::By(resolve);
                }
            })
        });
        let options = js_sys::Object::new().unchecked_into::<LockOptions>();
        options.set_mode("shared");
        let name = name(origin, has_credentials);
        let request = locks()?.request(&name, &options, callback.unchecked_ref());
        // A page that may not have locks counts none.
        let request = request.ok()?;
        spawn_local(async move { drop(JsFuture::from(request).await) });
        Some(Self(ends))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if let Ends::By(resolve) = self.0.replace(Ends::AtOnce) {
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }
}

/// Counts the streams that the tabs of this page have open, and calls `then` with their number.
pub(crate) fn count(origin: &str, has_credentials: bool, then: impl FnOnce(usize) + 'static) {
    let name = name(origin, has_credentials);
    spawn_local(async move { then(held(&name).await.unwrap_or_default()) });
}

/// How many locks with this name are held.
async fn held(name: &str) -> Option<usize> {
    let snapshot = JsFuture::from(locks()?.query().ok()?).await.ok()?;
    let held = snapshot.unchecked_into::<LockManagerSnapshot>().held();
    let has_name = |lock: &JsValue| lock.unchecked_ref::<LockInfo>().name() == name;
    Some(held.iter().filter(has_name).count())
}
