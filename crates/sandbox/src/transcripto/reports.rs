//! Period reports (TR-08, TR-33).

use std::collections::HashMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};

use super::{
    answer::Failure,
    auth::Authorized,
    files::download,
    instants,
    plan::{self, Resource},
    task::{Task, Type, View},
    upload::submit,
};
use crate::{
    call::patch::CallPatch,
    world::{Shared, World},
};

/// TR-08: asks for a report over a period.
pub(crate) async fn create(State(world): State<Shared>, _: Authorized, body: Bytes) -> Response {
    match create_report(&world, &body) {
        Ok(answer) => Json(answer).into_response(),
        Err(failure) => failure.into_response(),
    }
}

fn create_report(world: &World, body: &[u8]) -> Result<Value, Failure> {
    let members: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| {
        members
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let (Some(start), Some(end)) = (text("start_date"), text("end_date")) else {
        return Err(Failure::new(4060, "start_date/end_date were not provided"));
    };
    let (Some(start), Some(end)) = (instants::first_of(start), instants::last_of(end)) else {
        return Err(Failure::new(4061, "Invalid date format"));
    };
    if start > end {
        return Err(Failure::new(4062, "start_date is later than end_date"));
    }
    let kind = text("report_type").unwrap_or("standard");
    plan::active(world, 4602)?;
    // Only business reports are counted.
    let counted = kind == "business";
    if counted {
        plan::take(world, Resource::BusinessReports, Some(100))?;
    }
    let left = counted.then(|| plan::quota(world, Resource::BusinessReports).left);
    let mut extra = Map::new();
    extra.insert("uploaded_at".to_owned(), json!(world.now()));
    extra.insert("undated".to_owned(), json!(true));
    extra.insert("type".to_owned(), json!("callreport"));
    extra.insert("report_type".to_owned(), json!(kind));
    let patch = CallPatch {
        started_at: Some(world.now()),
        extra,
        ..CallPatch::default()
    };
    let given = json!({ "fields": members });
    let task = submit(world, patch, &given)?;
    let mut answer = json!({
        "success": true,
        "error_code": 0,
        "success_message": "Report task created",
        "report_task_code": task.code,
    });
    // Present for business reports only.
    if let (Some(left), Some(members)) = (left, answer.as_object_mut()) {
        members.insert("available_report_count".to_owned(), json!(left));
    }
    Ok(answer)
}

/// TR-33: the file of a report. Whoever knows the code gets it: there is no token here.
pub(crate) async fn file(
    State(world): State<Shared>,
    Query(parameters): Query<HashMap<String, String>>,
) -> Response {
    report_file(&View::of(&world), &parameters).unwrap_or_else(Failure::into_response)
}

fn report_file(view: &View<'_>, parameters: &HashMap<String, String>) -> Result<Response, Failure> {
    let given = |name: &str| parameters.get(name).filter(|text| !text.is_empty());
    let (Some(code), Some(name)) = (given("task_code"), given("filename")) else {
        return Err(Failure::new(4001, "task_code and filename are required"));
    };
    if name.contains("..") {
        return Err(Failure::new(4003, "Invalid path"));
    }
    if name.contains(['/', '\\', '\0']) {
        return Err(Failure::new(4002, "Invalid filename"));
    }
    let task = view
        .by_code(code)
        .filter(|task| task.kind == Type::Report)
        .ok_or_else(|| Failure::new(4041, "Task not found"))?;
    let missing = || Failure::new(4043, "File missing on disk");
    let pdf = task
        .file_name(view.seed)
        .filter(|_| task.status.is_done())
        .ok_or_else(missing)?;
    let stem = pdf.strip_suffix(".pdf").ok_or_else(missing)?;
    match name.strip_prefix(stem) {
        Some(".pdf") => Ok(download("application/pdf", name, pdf_page(&task))),
        Some(".html") => Ok(download("text/html", name, html_page(&task).into_bytes())),
        _ => Err(missing()),
    }
}

fn html_page(task: &Task) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Report {id}</title>\
         <h1>Report {id}</h1><p>Calls of the period.</p></html>\n",
        id = task.id
    )
}

/// One page with one line of text, offsets and all.
fn pdf_page(task: &Task) -> Vec<u8> {
    let text = format!("BT /F1 18 Tf 72 720 Td (Report {}) Tj ET", task.id);
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R \
         /Resources << /Font << /F1 5 0 R >> >> >>"
            .to_owned(),
        format!("<< /Length {} >>\nstream\n{text}\nendstream", text.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut page = String::from("%PDF-1.4\n");
    let mut offsets = Vec::with_capacity(objects.len());
    for (object, number) in objects.iter().zip(1..) {
        offsets.push(format!("{:010} 00000 n \n", page.len()));
        page.push_str(&[&format!("{number} 0 obj\n"), object.as_str(), "\nendobj\n"].concat());
    }
    let start = page.len();
    let tail = format!(
        "xref\n0 {count}\n0000000000 65535 f \n{}trailer\n<< /Size {count} /Root 1 0 R >>\n\
         startxref\n{start}\n%%EOF\n",
        offsets.concat(),
        count = objects.len() + 1,
    );
    page.push_str(&tail);
    page.into_bytes()
}
