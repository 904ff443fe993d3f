//! A private PostgreSQL for development: `callweave-postgres DIRECTORY [BINARIES]` prints its URL
//! and runs it until standard input ends or Ctrl-C.

use std::{
    error::Error,
    io::{self, Write},
    process::ExitCode,
};

use callweave_postgres::{Options, Postgres};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes = std::iter::successors(Some(&*error), |error| (**error).source());
            let text: Vec<String> = causes.map(ToString::to_string).collect();
            // Nowhere else to complain to.
            let _ = writeln!(io::stderr(), "callweave-postgres: {}", text.join(": "));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let directory = arguments
        .next()
        .ok_or("usage: callweave-postgres DIRECTORY [BINARIES]")?;
    let mut options = Options::new(directory);
    options.binaries = arguments.next().map(Into::into);
    let postgres = Postgres::start(&options, &|progress| {
        // Progress is a courtesy.
        let _ = writeln!(io::stderr(), "{progress}");
    })?;
    writeln!(io::stderr(), "{:#?}", postgres.facts())?;
    writeln!(io::stdout(), "{}", postgres.url())?;
    // Ctrl-C ends this process at once, and the guard then ends the server.
    io::copy(&mut io::stdin(), &mut io::sink())?;
    postgres.stop()?;
    Ok(())
}
