//! What changes in the account besides the tasks: folders, questions, categories, searches, scripts.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Mutex, MutexGuard},
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    catalog::{CATEGORIES, DIRECTORIES, QUESTIONS, SCRIPTS},
    instants::{Form, day},
    plan::Spent,
};
use crate::world::lock;

/// New rows of all lists are numbered from here.
const FIRST_NEW_ID: i64 = 1_001;

/// The mutable part of the account.
#[derive(Debug)]
pub(crate) struct TranscriptoState {
    inner: Mutex<Inner>,
}

/// The mutable part of the account, once it is locked.
#[derive(Debug)]
pub(crate) struct Inner {
    issued: i64,
    /// The token that the control surface hands out, so that each look at it gives the same one.
    pub(crate) shown_token: Option<String>,
    /// Original names of all uploads: the same name twice is a duplicate.
    pub(crate) uploaded_names: HashSet<String>,
    /// What was used of the plan.
    pub(crate) spent: Spent,
    /// The files that came in, by the code of their task.
    pub(crate) files: Files,
    pub(crate) directories: Vec<Value>,
    pub(crate) questions: Vec<Value>,
    /// Without `children_count`, which is counted when the list is shown.
    pub(crate) categories: Vec<Value>,
    pub(crate) scripts: Vec<Value>,
    pub(crate) searches: Vec<Value>,
}

/// The most bytes of uploaded files that are kept; of older ones there is another sound.
const KEPT_BYTES: usize = 64 * 1024 * 1024;

/// Uploaded files, the latest of them.
#[derive(Debug, Default)]
pub(crate) struct Files {
    kept: VecDeque<(String, Bytes)>,
}

impl Files {
    /// Keeps a file under the code of its task.
    pub(crate) fn keep(&mut self, code: String, bytes: Bytes) {
        self.kept.push_back((code, bytes));
        let mut size: usize = self.kept.iter().map(|(_, bytes)| bytes.len()).sum();
        while size > KEPT_BYTES
            && let Some((_, oldest)) = self.kept.pop_front()
        {
            size -= oldest.len();
        }
    }

    /// The file of a task.
    pub(crate) fn of(&self, code: &str) -> Option<Bytes> {
        let found = self.kept.iter().find(|(known, _)| known == code);
        found.map(|(_, bytes)| bytes.clone())
    }
}

impl TranscriptoState {
    /// An account as it is when everything was seeded, at `epoch`.
    pub(crate) fn new(epoch: Timestamp) -> Self {
        Self {
            inner: Mutex::new(Inner {
                issued: 0,
                shown_token: None,
                uploaded_names: HashSet::new(),
                spent: Spent::default(),
                files: Files::default(),
                directories: DIRECTORIES
                    .iter()
                    .map(|(id, name)| json!({ "id": id, "name": name }))
                    .collect(),
                questions: QUESTIONS
                    .iter()
                    .map(|(id, question, is_active)| {
                        json!({ "id": id, "question": question, "is_active": is_active })
                    })
                    .collect(),
                categories: categories(epoch),
                scripts: scripts(epoch),
                searches: searches(epoch),
            }),
        }
    }

    /// The account, for one thought.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Inner {
    /// The id of a new row.
    pub(crate) fn new_id(&mut self) -> i64 {
        self.issued += 1;
        FIRST_NEW_ID + self.issued
    }
}

/// The row with this id.
pub(crate) fn row(rows: &mut [Value], id: i64) -> Option<&mut Value> {
    rows.iter_mut().find(|row| row["id"] == id)
}

fn categories(epoch: Timestamp) -> Vec<Value> {
    CATEGORIES
        .iter()
        .map(|(id, name, description, parent_id)| {
            json!({
                "id": id,
                "name": name,
                "description": description,
                "parent_id": parent_id,
                "created_at": Form::Offset.write(days_before(epoch, 80 - id % 40)),
                "updated_at": Form::Offset.write(days_before(epoch, 20 - id % 20)),
            })
        })
        .collect()
}

fn scripts(epoch: Timestamp) -> Vec<Value> {
    SCRIPTS
        .iter()
        .map(|script| {
            json!({
                "id": script.id,
                "identifier": script.identifier,
                "title": script.title,
                "description": script.description,
                "is_active": script.is_active,
                "version": script.version,
                "script_body": script.body,
                "created_at": Form::Zulu.write(days_before(epoch, 90 - script.id)),
                "updated_at": Form::Zulu.write(days_before(epoch, 30 - script.id)),
            })
        })
        .collect()
}

/// Saved searches. Their `created_at` has no zone.
fn searches(epoch: Timestamp) -> Vec<Value> {
    vec![
        json!({
            "id": 42,
            "name": "Critical calls of the month",
            "criteria": {
                "task_type": "call",
                "priority_id": 3,
                "date_from": day(days_before(epoch, 30)),
                "date_to": day(epoch),
                "risk_signal_id": null,
                "page": 1,
                "per_page": 12,
            },
            "created_at": Form::Naive.write(days_before(epoch, 9)),
        }),
        json!({
            "id": 43,
            "name": "Чаты с низкой оценкой",
            "criteria": { "task_type": "chat", "customer_satisfaction_score_max": 4 },
            "created_at": Form::Naive.write(days_before(epoch, 8)),
        }),
    ]
}

fn days_before(epoch: Timestamp, days: i64) -> Timestamp {
    epoch
        .checked_sub(SignedDuration::from_hours(24 * days))
        .unwrap_or(epoch)
}
