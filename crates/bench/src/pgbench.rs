//! The limit of a read: `pgbench` on the very statements that the gateway sent for it.
//!
//! The statements are read off the server's log while one request is answered, and repeated under
//! the gateway's role with the tenant set, so that row-level security counts as well.

use std::{collections::BTreeMap, fs};

use anyhow::{Context as _, Result, ensure};

use crate::{
    gateway::Gateway,
    plan::Plan,
    processes::spent,
    stage::{Database, Stage, run},
};

/// The role of the gateway's transactions.
const ROLE: &str = "callweave_app";

/// A statement with the parameters it was sent with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) parameters: Vec<String>,
}

/// What `pgbench` came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) rate: f64,
    /// CPU microseconds a transaction.
    pub(crate) postgres: f64,
}

/// The statements about calls that the gateway sends to answer a request.
pub(crate) async fn statements_of(
    stage: &Stage,
    database: &Database,
    gateway: &Gateway,
    path: &str,
) -> Result<Vec<Statement>> {
    let log = &stage.postgres.facts().log;
    let before = fs::metadata(log)?.len();
    let all = |value: &str| -> Result<()> {
        database.ask(&format!("ALTER SYSTEM SET log_statement = '{value}'"))?;
        database.ask("SELECT pg_reload_conf()")?;
        Ok(())
    };
    all("all")?;
    // Until every session has read its settings again, nothing is missed by asking some times.
    for _ in 0..20 {
        gateway.get(path).await?;
    }
    all("none")?;
    let text = fs::read(log)?;
    let text = text.get(usize::try_from(before)?..).unwrap_or_default();
    let found = last_of_calls(&String::from_utf8_lossy(text));
    ensure!(!found.is_empty(), "no statement was logged for {path}");
    Ok(found)
}

/// The statements about calls of the last transaction in a log that reads calls themselves; each line
/// of the log tells its session.
fn last_of_calls(log: &str) -> Vec<Statement> {
    let mut under_way: BTreeMap<&str, Vec<Statement>> = BTreeMap::new();
    let mut last = Vec::new();
    // A line that begins with a tab goes on with the one before.
    let joined = log.replace("\n\t", "\u{b}");
    let mut lines = joined.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((prefix, statement)) = line.split_once("LOG:  ") else {
            continue;
        };
        let statement = statement.replace('\u{b}', "\n");
        let Some((name, text)) = statement.split_once(": ") else {
            continue;
        };
        let session = prefix.split(['[', ']']).nth(1).unwrap_or_default();
        if text.starts_with("COMMIT") {
            let of_one = under_way.remove(session).unwrap_or_default();
            let reads = |one: &Statement| one.text.contains("FROM calls AS call");
            if of_one.iter().any(reads) {
                last = of_one;
            }
            continue;
        }
        let text = uncommented(text);
        if !name.starts_with("execute") || !is_about_calls(text) {
            continue;
        }
        let parameters = lines
            .peek()
            .and_then(|line| line.split_once("DETAIL:  parameters: "))
            .map(|(_, list)| parameters(list))
            .unwrap_or_default();
        under_way.entry(session).or_default().push(Statement {
            text: text.to_owned(),
            parameters,
        });
    }
    last
}

/// A statement without the comments in front of it.
fn uncommented(mut text: &str) -> &str {
    while text.starts_with("--") {
        text = text.split_once('\n').map_or("", |(_, rest)| rest);
    }
    text
}

fn is_about_calls(text: &str) -> bool {
    text.starts_with("SELECT")
        && ["FROM calls", "FROM call_", " JOIN call_", " JOIN calls"]
            .iter()
            .any(|words| text.contains(words))
}

/// Reads `$1 = 'a', $2 = '5', $3 = NULL`.
fn parameters(list: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = list;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            let (word, after) = value.split_once(", ").unwrap_or((value, ""));
            found.push(word.to_owned());
            rest = after;
            continue;
        };
        let mut end = 0;
        let bytes = quoted.as_bytes();
        while let Some(byte) = bytes.get(end) {
            if *byte == b'\'' {
                if bytes.get(end + 1) != Some(&b'\'') {
                    break;
                }
                end += 1;
            }
            end += 1;
        }
        let (value, after) = quoted.split_at(end);
        found.push(format!("'{value}'"));
        rest = after;
    }
    found
}

/// A script that repeats the statements for a call by chance. `place` are the parameters that say
/// where the logged request looked, and what stands for them in terms of the variable `number`.
pub(crate) fn script(statements: &[Statement], calls: u32, places: &[(String, String)]) -> String {
    let mut script = format!("\\set number random(1, {calls})\n");
    for statement in statements {
        let mut text = statement.text.clone();
        for (number, value) in statement.parameters.iter().enumerate().rev() {
            let place = places
                .iter()
                .find(|(logged, _)| value.contains(logged.as_str()));
            let value = match place {
                Some((_, computed)) if value.starts_with("'{") => format!("ARRAY[{computed}]"),
                Some((_, computed)) => computed.clone(),
                None => value.clone(),
            };
            text = text.replace(&format!("${}", number + 1), &value);
        }
        script.push_str(&text);
        script.push_str(";\n");
    }
    script
}

/// Runs a script.
pub(crate) fn measure(
    plan: &Plan,
    stage: &Stage,
    database: &Database,
    tenant: &str,
    script: &str,
    seed: u64,
) -> Result<Limit> {
    let file = stage.place().join("pgbench.sql");
    fs::write(&file, script)?;
    let mut command = database.client("pgbench");
    command
        .env(
            "PGOPTIONS",
            format!("-c role={ROLE} -c app.tenant={tenant}"),
        )
        .args(["-n", "-M", "prepared", "-j", "1"])
        .args(["-c", &plan.connections.to_string()])
        .args(["-T", &plan.load_time.as_secs().to_string()])
        .arg(format!("--random-seed={seed}"))
        .arg("-f")
        .arg(&file);
    let server = [stage.postgres.facts().pid];
    let before = spent(&server);
    let told = run(&mut command)?;
    let cpu = spent(&server).since(&before);
    let after = |words: &str| -> Result<f64> {
        let line = told.lines().find_map(|line| line.strip_prefix(words));
        let word = line.and_then(|rest| rest.split([' ', '/']).next());
        let word = word.with_context(|| format!("{words} in {told}"))?;
        Ok(word.parse()?)
    };
    ensure!(
        !told.contains("failed transactions: ") || after("number of failed transactions: ")? == 0.0,
        "{told}"
    );
    let transactions = after("number of transactions actually processed: ")?;
    let cpu = cpu.first().context("the server's time")?.as_secs_f64();
    Ok(Limit {
        rate: after("tps = ")?,
        postgres: cpu * 1e6 / transactions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "x [7] LOG:  execute <unnamed>: BEGIN\n\
        x [7] LOG:  execute sqlx_s_1: SELECT set_config('role', $1, true)\n\
        x [7] DETAIL:  parameters: $1 = 'callweave_app'\n\
        x [7] LOG:  execute sqlx_s_2: -- A list.\n\tSELECT call.id\n\t  FROM calls AS call WHERE call.tenant_id = $1 LIMIT $2\n\
        x [7] DETAIL:  parameters: $1 = 'a''b, $2 = ''c', $2 = '51'\n\
        x [8] LOG:  statement: COMMIT\n\
        x [7] LOG:  statement: COMMIT\n";

    #[test]
    fn statements_are_read_off_the_log() {
        assert_eq!(
            last_of_calls(LOG),
            [Statement {
                text: "SELECT call.id\n  FROM calls AS call WHERE call.tenant_id = $1 LIMIT $2"
                    .into(),
                parameters: vec!["'a''b, $2 = ''c'".into(), "'51'".into()],
            }]
        );
        assert_eq!(parameters("$1 = NULL, $2 = '7'"), ["NULL", "'7'"]);
    }

    #[test]
    fn a_script_looks_elsewhere_each_time() {
        let statement = Statement {
            text: "SELECT 1 FROM calls WHERE a = $1 AND b = $10 AND c = $2".into(),
            parameters: (1..=10).map(|number| format!("'{number}x'")).collect(),
        };
        let places = [("2x".to_owned(), "f(:number)".to_owned())];
        assert_eq!(
            script(&[statement], 9, &places),
            "\\set number random(1, 9)\n\
             SELECT 1 FROM calls WHERE a = '1x' AND b = '10x' AND c = f(:number);\n"
        );
        let listed = Statement {
            text: "SELECT 1 FROM UNNEST($1::uuid[])".into(),
            parameters: vec!["'{2x}'".into()],
        };
        assert_eq!(
            script(&[listed], 9, &places),
            "\\set number random(1, 9)\nSELECT 1 FROM UNNEST(ARRAY[f(:number)]::uuid[]);\n"
        );
    }
}
