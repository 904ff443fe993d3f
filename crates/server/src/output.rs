//! What people and programs read: data on stdout, the rest on stderr.

use std::io::{self, Write as _};

/// A line of data.
///
/// # Errors
/// When nobody reads it any more.
pub(crate) fn data(text: impl AsRef<str>) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{}", text.as_ref().trim_end_matches('\n'))?;
    stdout.flush()
}

/// A line about what is going on.
pub(crate) fn note(text: impl AsRef<str>) {
    // A closed terminal is no reason to end.
    let _ = writeln!(io::stderr().lock(), "{}", text.as_ref());
}

/// Why the command failed, with all its causes.
pub(crate) fn complaint(error: &anyhow::Error) {
    let mut text = String::from("callweave: ");
    let mut last = String::new();
    for (number, cause) in error.chain().enumerate() {
        let cause = cause.to_string();
        // Some libraries repeat their source in their own words.
        if !last.is_empty() && last.ends_with(&cause) {
            continue;
        }
        if number > 0 {
            text.push_str(": ");
        }
        text.push_str(&cause);
        last = cause;
    }
    note(text);
}
