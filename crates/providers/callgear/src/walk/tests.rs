use super::*;

const SIZES: Sizes = Sizes {
    page: 50,
    reread: 100,
};

/// How a list answers to `_start` and `_end`.
#[derive(Clone, Copy)]
struct Server {
    base: u64,
    inclusive: bool,
    ignores_end: bool,
    ignores_start: bool,
    end_is_size: bool,
    cap: usize,
}

const PLAIN: Server = Server {
    base: 0,
    inclusive: false,
    ignores_end: false,
    ignores_start: false,
    end_is_size: false,
    cap: usize::MAX,
};

impl Server {
    fn page(self, list: &[u64], start: u64, end: u64) -> Vec<RowKey> {
        let from = if self.ignores_start {
            0
        } else {
            start.saturating_sub(self.base)
        };
        let until = if self.ignores_end {
            u64::MAX
        } else if self.end_is_size {
            from + end
        } else {
            end.saturating_sub(self.base) + u64::from(self.inclusive)
        };
        let take = until.saturating_sub(from);
        list.iter()
            .skip(usize::try_from(from).unwrap())
            .take(usize::try_from(take).unwrap_or(usize::MAX))
            .take(self.cap)
            .map(|number| RowKey {
                id: number.to_string(),
                number: Some(*number),
            })
            .collect()
    }
}

/// Walks a list that `change` may alter before every page; gives the end and the ids met.
fn walk(
    server: Server,
    list: &mut Vec<u64>,
    from: Position,
    mut change: impl FnMut(usize, &mut Vec<u64>),
) -> (Step, Vec<u64>, usize) {
    let (mut position, mut met) = (from, Vec::new());
    for page in 0..2_000 {
        change(page, list);
        let (start, end) = position.bounds(SIZES);
        let rows = server.page(list, start, end);
        met.extend(rows.iter().filter_map(|row| row.number));
        match position.step(SIZES, &rows) {
            Step::More(next) => position = next,
            end => {
                met.sort_unstable();
                met.dedup();
                return (end, met, page + 1);
            }
        }
    }
    panic!("the walk does not end");
}

fn quiet(_: usize, _: &mut Vec<u64>) {}

fn resume(end: Step) -> Position {
    match end {
        Step::Done(position) => position,
        other => panic!("{other:?}"),
    }
}

#[test]
fn trap_c16_every_reading_of_start_and_end_meets_every_row() {
    let servers = [
        PLAIN,
        Server { base: 1, ..PLAIN },
        Server {
            base: 1,
            inclusive: true,
            ..PLAIN
        },
        Server {
            inclusive: true,
            ..PLAIN
        },
        Server {
            ignores_end: true,
            ..PLAIN
        },
        Server {
            ignores_end: true,
            ignores_start: true,
            ..PLAIN
        },
        Server {
            end_is_size: true,
            ..PLAIN
        },
        Server {
            end_is_size: true,
            cap: 100,
            ..PLAIN
        },
        Server { cap: 10, ..PLAIN },
        Server {
            cap: 3,
            base: 1,
            ..PLAIN
        },
        Server { cap: 1, ..PLAIN },
    ];
    for (number, server) in servers.into_iter().enumerate() {
        for length in [
            0, 1, 2, 3, 4, 5, 6, 7, 10, 44, 45, 49, 51, 52, 94, 95, 96, 100, 237, 1_000,
        ] {
            let mut list: Vec<u64> = (0..length).map(|index| 1_000 + index * 3).collect();
            for base in [0, 1] {
                if base == 1 && server.base == 0 {
                    continue;
                }
                let (end, met, pages) = walk(server, &mut list, Position::start(base), quiet);
                assert!(
                    matches!(end, Step::Done(_)),
                    "server {number}, {length} rows: {end:?}"
                );
                assert_eq!(met, list, "server {number}, {length} rows");
                if server.cap == usize::MAX {
                    assert!(
                        pages <= 3 + usize::try_from(length / 40).unwrap(),
                        "{pages}"
                    );
                }
            }
        }
    }
}

#[test]
fn trap_c16_an_incremental_walk_begins_near_the_end() {
    let mut list: Vec<u64> = (1..=1_000).collect();
    let (end, ..) = walk(PLAIN, &mut list, Position::start(0), quiet);
    let (end, met, pages) = walk(PLAIN, &mut list, resume(end), quiet);
    assert_eq!(
        (met.len(), pages),
        (100, 4),
        "the newest rows are read again"
    );
    list.extend(1_001..=1_120);
    let (end, met, _) = walk(PLAIN, &mut list, resume(end), quiet);
    assert_eq!(met, (901..=1_120).collect::<Vec<u64>>());
    list.truncate(300);
    list.extend(1_121..=1_125);
    let (end, met, _) = walk(PLAIN, &mut list, resume(end), quiet);
    assert!(
        met.contains(&1_121) && met.contains(&1_125),
        "rows went, rows came"
    );
    list.clear();
    let (end, met, _) = walk(PLAIN, &mut list, resume(end), quiet);
    assert_eq!((resume(end), met.len()), (Position::start(0), 0));
}

#[test]
fn case_063_rows_that_shift_up_under_the_walk_are_not_skipped() {
    for removed in [1, 4, 5, 6, 49, 50, 60, 200, 400] {
        for moment in [1, 2, 5, 9] {
            let mut list: Vec<u64> = (1..=1_000).collect();
            let (end, met, _) = walk(PLAIN, &mut list, Position::start(0), |page, list| {
                if page == moment {
                    list.drain(..removed.min(page * 45));
                }
            });
            assert!(
                matches!(end, Step::Done(_)),
                "{removed} before page {moment}"
            );
            assert!(
                list.iter().all(|id| met.binary_search(id).is_ok()),
                "{removed}, {moment}"
            );
        }
    }
}

#[test]
fn case_063_the_anchor_itself_may_go_and_rows_may_come() {
    let mut list: Vec<u64> = (1..=400).collect();
    let (end, met, _) = walk(PLAIN, &mut list, Position::start(0), |page, list| {
        if page < 12 {
            list.retain(|id| id % 50 > 6 || id / 50 != page as u64);
            let next = list.last().copied().unwrap_or(0) + 1;
            list.push(next);
        }
    });
    assert!(matches!(end, Step::Done(_)));
    assert!(list.iter().all(|id| met.binary_search(id).is_ok()));
}

#[test]
fn case_064_a_repeated_page_ends_the_walk_without_proof() {
    let server = Server {
        ignores_start: true,
        cap: 50,
        ..PLAIN
    };
    let mut list: Vec<u64> = (1..=200).collect();
    let (end, _, pages) = walk(server, &mut list, Position::start(0), quiet);
    assert!(
        matches!(end, Step::Unproved(_, "the list repeats a page")),
        "{end:?}"
    );
    assert!(pages < 12, "{pages}");
}

#[test]
fn case_064_a_list_without_order_is_walked_whole_every_time() {
    let mut list: Vec<u64> = (1..=300).rev().collect();
    let (end, met, _) = walk(PLAIN, &mut list, Position::start(0), quiet);
    assert_eq!(met.len(), 300);
    assert_eq!(resume(end), Position::start(0));
    let (end, ..) = walk(PLAIN, &mut list, Position::start(0), |page, list| {
        if page == 3 {
            list.drain(..60);
        }
    });
    assert!(
        matches!(end, Step::Unproved(..)),
        "a seam that is gone proves nothing: {end:?}"
    );
}

#[test]
fn rows_without_readable_ids_do_not_stop_the_walk() {
    let rows = |from: u64, until: u64| -> Vec<RowKey> {
        (from..until)
            .map(|number| match number % 3 {
                0 => RowKey {
                    id: format!("row-{number}"),
                    number: None,
                },
                _ => RowKey {
                    id: number.to_string(),
                    number: Some(number),
                },
            })
            .collect()
    };
    let mut position = Position::start(0);
    for _ in 0..20 {
        let (start, end) = position.bounds(SIZES);
        match position.step(SIZES, &rows(start.min(120), end.min(120))) {
            Step::More(next) => position = next,
            Step::Done(_) => return,
            Step::Unproved(_, reason) => panic!("{reason}"),
        }
    }
    panic!("the walk does not end");
}

#[test]
fn a_cursor_of_another_version_starts_anew() {
    let mut cursor = serde_json::to_value(Position::start(0)).unwrap();
    assert!(Position::read(&cursor).is_some());
    cursor["v"] = 9.into();
    assert!(Position::read(&cursor).is_none());
    assert!(Position::read(&serde_json::json!({"offset": 7})).is_none());
}
