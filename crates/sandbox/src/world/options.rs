//! How the vendors behave where their documents leave a choice, or contradict themselves.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::neuro::DateForm;

/// The choices. All have defaults; `/control/options` changes single ones at run time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// Every vendor refuses every login, whatever the password.
    pub reject_logins: bool,
    /// 2025: the result by id nests `result.result` and `phrase_and_words` is there.
    /// 2026: the result is flat and `/transcription` stands in for `phrase_and_words`.
    pub callgear_edition: u16,
    /// Whether `_start` counts from 0 or from 1.
    pub callgear_start_base: u8,
    /// The most list items in one answer; 0 for no cap, as the older document has it.
    pub callgear_page_cap: u32,
    /// Whether `_end` is the size of the page, as the newer document has it, and not its end.
    pub callgear_end_is_page_size: bool,
    /// Whether list answers carry `X-Total-Count`.
    pub callgear_total_header: bool,
    /// Whether `_start` and `_end` work on the list of summaries, or are "disabled".
    pub callgear_summary_paging: bool,
    /// Whether a session without results answers 404 instead of an empty list.
    pub callgear_empty_is_404: bool,
    /// Whether a `PUT` of a scenario or a tag replaces it as a whole, so that what its body leaves
    /// out is lost, or only changes what the body names.
    pub callgear_put_replaces: bool,
    /// Whether the points of all scenarios come as a list for each scenario, as the document says,
    /// or as one flat list, as its example shows.
    pub callgear_nested_points: bool,
    /// How long an analysis takes; the sandbox's configuration when absent.
    pub alovoice_analysis_delay_ms: Option<u64>,
    /// Whether an unknown call answers `{"answer": null}` (true) or a plain 404 (false).
    pub alovoice_unknown_is_null: bool,
    /// The status that a wrong login gets: 422 as documented, 401 as observed.
    pub neuro_login_status: u16,
    /// Whether the queues are `{data, total_count}`, as observed, instead of bare arrays.
    pub neuro_wrapped_lists: bool,
    /// The status of an accepted group of dialogs: 200 as documented, 202 as observed.
    pub neuro_group_status: u16,
    /// The status of a changed calling rule: 201 as documented, 200 as observed.
    pub neuro_time_slot_put_status: u16,
    /// Whether an accepted dialog is answered with the bare id, as documented.
    pub neuro_bare_dialog_uuid: bool,
    /// The one form in which dates are written; all five of them in turn when absent.
    pub neuro_date_form: Option<DateForm>,
    /// Whether the report counts what lies exactly on `end`.
    pub neuro_end_inclusive: bool,
    /// Whether a report of more than one page comes in an order of its own for each page.
    pub neuro_shuffle_pages: bool,
    /// The most rows of one report, whatever limit is asked for; 0 for no cap.
    pub neuro_page_cap: u32,
    /// By how much the report's `total` is wrong.
    pub neuro_total_skew: i64,
    /// How many of the oldest dialogs lie before 12.02.2021 20:00 and thus show no `call_uuid`.
    pub neuro_archived_dialogs: u32,
    /// Whether login asks for no captcha.
    pub transcripto_captcha_waived: bool,
    /// The code for every token that opens nothing; when absent, 4012 for one that did once or
    /// never, 4023 for none at all.
    pub transcripto_token_code: Option<i64>,
    /// The most tasks on one page.
    pub transcripto_page_cap: u32,
    /// Whether the account has a plan; without one nothing is taken in.
    pub transcripto_plan_active: bool,
    /// What was left of each resource when the sandbox started, at most, in its own unit.
    pub transcripto_plan_left: Option<u32>,
    /// Whether the search and the analyses are found only where the introduction says that they are.
    pub transcripto_intro_paths: bool,
    /// Some analyses carry a member that stands in no document; the document announces such growth.
    pub transcripto_grown_analysis: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reject_logins: false,
            callgear_edition: 2025,
            callgear_start_base: 0,
            callgear_page_cap: 100,
            callgear_end_is_page_size: false,
            callgear_total_header: true,
            callgear_summary_paging: true,
            callgear_empty_is_404: false,
            callgear_put_replaces: false,
            callgear_nested_points: false,
            alovoice_analysis_delay_ms: None,
            alovoice_unknown_is_null: true,
            neuro_login_status: 422,
            neuro_wrapped_lists: false,
            neuro_group_status: 200,
            neuro_time_slot_put_status: 201,
            neuro_bare_dialog_uuid: false,
            neuro_date_form: None,
            neuro_end_inclusive: true,
            neuro_shuffle_pages: true,
            neuro_page_cap: 0,
            neuro_total_skew: 0,
            neuro_archived_dialogs: 0,
            transcripto_captcha_waived: false,
            transcripto_token_code: None,
            transcripto_page_cap: 100,
            transcripto_plan_active: true,
            transcripto_plan_left: None,
            transcripto_intro_paths: false,
            transcripto_grown_analysis: false,
        }
    }
}

/// The options that were asked for make no sense.
#[derive(Debug, thiserror::Error)]
#[error("read the options")]
pub struct OptionsError(#[from] serde_json::Error);

impl Options {
    /// These options with some of them replaced.
    ///
    /// # Errors
    /// When a name is unknown or a value has the wrong type.
    pub fn with(&self, changes: Map<String, Value>) -> Result<Self, OptionsError> {
        let mut merged = serde_json::to_value(self)?;
        if let Some(members) = merged.as_object_mut() {
            members.extend(changes);
        }
        Ok(serde_json::from_value(merged)?)
    }
}
