//! Idempotency: a change with an `Idempotency-Key` happens once; the same key and body give the same answer.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::digest::Digest;

use super::caller::bearer;
use super::{App, Problem, bound};
use crate::flow::Failure;
use crate::journal::{ANSWERS_KEPT, Answer, AnswerKey, Begun};

const LARGEST_ANSWER: usize = 1024 * 1024;

/// Answers a repeated change from memory; everything else goes on.
pub async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let key = request.headers().get("idempotency-key").and_then(|key| key.to_str().ok());
    // A login's answer is a secret, and is never kept.
    let kept = request.method() != Method::GET && request.uri().path() != "/v1/login";
    let (Some(key), true) = (key.map(str::to_owned), kept) else {
        return next.run(request).await;
    };
    match remembered(&app, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn remembered(
    app: &App,
    key: &str,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if key.is_empty() || key.len() > 128 {
        return Err(Problem::bad_request("an idempotency key has 1 to 128 characters"));
    }
    let Some(session) = bearer(request.headers()) else { return Ok(next.run(request).await) };
    let Ok(person) = app.authenticate(session).await else { return Ok(next.run(request).await) };
    let most = bound::of(&request);
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, most).await.map_err(|_| Problem::too_large(most))?;
    let (method, path) = (parts.method.as_str().as_bytes(), parts.uri.path().as_bytes());
    // Under the vault's key: a bare digest would let a reader of the database guess at what was sent.
    let asked = Digest::over(&[method, b" ", path, b"\n", &body]);
    let marked = app.vault.mark(&asked.to_string());
    let asked = marked.map_err(|error| Failure::Unavailable(error.to_string()))?;
    let key = AnswerKey { person, key: key.to_owned(), request: asked };
    match app.journal.begin_answer(&key, (app.clock)()).await? {
        Begun::Answered(answer) => Ok(again(answer)),
        Begun::Running => Err(conflict("the same request is at work; ask again shortly")),
        Begun::Different => Err(conflict("the key was used for another request; use a new one")),
        Begun::New => {
            let request = Request::from_parts(parts, Body::from(body));
            let response = app.journal.at_work(key.clone(), next.run(request)).await;
            first(app, key, response).await
        }
    }
}

/// Keeps the answer of a change that happened; what came to nothing may be sent again. After a crash
/// right in front of this, the journal answers with the positions of the change's entries.
async fn first(app: &App, key: AnswerKey, response: Response) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let body = read(body, LARGEST_ANSWER).await?;
    if parts.status.is_success() {
        let answer = Answer { status: parts.status.as_u16(), body: body.to_vec() };
        app.journal.keep_answer(key, answer, (app.clock)().after(ANSWERS_KEPT)).await?;
    } else {
        app.journal.forget_answer(&key).await?;
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn again(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, "application/json")], answer.body).into_response()
}

async fn read(body: Body, most: usize) -> Result<axum::body::Bytes, Problem> {
    to_bytes(body, most).await.map_err(|error| Problem::bad_request(error.to_string()))
}

fn conflict(detail: &str) -> Problem {
    Problem::new(StatusCode::CONFLICT, "idempotency-key", "The idempotency key is taken", detail)
}
