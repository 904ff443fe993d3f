//! What a panic tells: where it was, in what the program was doing, and no value.
//!
//! Most messages of panics are made while the program runs, and repeat what it stumbled over: the text
//! that was cut within a character, the error that was unwrapped. So only a message that stands in the
//! program as it is goes into the log.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
};

use crate::output;

/// What stands in place of a message that was made while the program ran.
const WITHHELD: &str = "withheld: it may repeat what was worked on";

/// Has panics told so from now on, instead of as Rust tells them.
pub(crate) fn install() {
    panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = panic
        .location()
        .map_or_else(|| "somewhere".to_owned(), ToString::to_string);
    let message = message(panic.payload());
    if !tracing::dispatcher::has_been_set() {
        output::note(format!("callweave panicked at {place} ({message})"));
        return;
    }
    // Names of functions and files, no values; made only where `RUST_BACKTRACE` asks for it.
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(&backtrace);
    tracing::error!(
        panic.place = %place,
        panic.message = message,
        panic.backtrace = backtrace.map(tracing::field::display),
        "The program panicked"
    );
}

/// The message, where it is part of the program. One that was put together is a `String`.
fn message(payload: &(dyn Any + Send)) -> &'static str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .unwrap_or(WITHHELD)
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{UnwindSafe, catch_unwind},
        thread,
    };

    use super::*;
    use crate::captured::Captured;

    const CANARY: &str = "canary-in-a-panic-7fc\u{e9}";

    /// What is logged of a panic. Those of other tests are told as before.
    fn log_of(panicking: impl FnOnce() + UnwindSafe) -> String {
        let (captured, _logging) = Captured::start();
        let (ours, before) = (thread::current().id(), panic::take_hook());
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == ours {
                tell(panic);
            } else {
                before(panic);
            }
        }));
        let span = tracing::info_span!("request", request.id = "r-1");
        assert!(span.in_scope(|| catch_unwind(panicking)).is_err());
        let log = captured.text();
        assert!(log.contains("panicked"), "{log}");
        assert!(log.contains(file!()), "it tells where: {log}");
        assert!(log.contains("r-1"), "it tells in which request: {log}");
        log
    }

    #[test]
    #[expect(clippy::panic, reason = "these panics are what is tested")]
    fn case_113_canaries_do_not_sing_in_panics() {
        let cut = CANARY.len() - 1;
        let stumbles: [Box<dyn FnOnce() + UnwindSafe>; 6] = [
            Box::new(|| panic!("{CANARY} is odd")),
            Box::new(|| {
                CANARY.parse::<u8>().map_err(|_error| CANARY).unwrap();
            }),
            Box::new(|| {
                CANARY
                    .parse::<u8>()
                    .map_err(|_error| CANARY)
                    .expect("a number");
            }),
            Box::new(move || drop(CANARY[..cut].to_owned())),
            Box::new(|| assert_eq!(CANARY.to_owned(), "expected")),
            Box::new(|| panic::panic_any(CANARY.to_owned())),
        ];
        for stumble in stumbles {
            let log = log_of(stumble);
            assert!(!log.contains("canary"), "{log}");
            assert!(log.contains(WITHHELD), "{log}");
        }
        let log = log_of(|| panic!("a lock is poisoned"));
        assert!(log.contains("a lock is poisoned"), "{log}");
    }
}
