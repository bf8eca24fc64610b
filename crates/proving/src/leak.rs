//! The error page of `errors-leak`: what a server in debug mode tells about itself.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::operation::Operation;
use crate::problem::Cause;

/// Turns the refusal of malformed input into a crash report with the cause, the statement, the
/// source files and the stack; any other answer stays what it is.
pub(crate) fn expose(operation: &Operation, response: Response) -> Response {
    let Some(Cause(cause)) = response.extensions().get::<Cause>() else { return response };
    let (table, handler) = (operation.tag, operation.id);
    let report = json!({
        "error": "DatabaseError",
        "message": format!("{handler}: {cause}"),
        "statement": format!(
            "INSERT INTO {table} SELECT * FROM staging.{table} WHERE customer_id = $1 -- {cause}"
        ),
        "dsn": "postgres://parcel_rw@db-1.internal:5432/parcel",
        "trace": [
            format!("parcel::{table}::{handler} at /srv/parcel/src/{table}.rs:118:17"),
            "parcel::store::execute at /srv/parcel/src/store/postgres.rs:64:9",
            "tokio::runtime::task::harness at /srv/parcel/vendor/tokio/src/runtime/task/harness.rs:152:9",
        ],
    });
    (StatusCode::INTERNAL_SERVER_ERROR, Json(report)).into_response()
}
