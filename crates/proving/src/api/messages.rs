//! The message that is printed on a gift: its preview.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::input::{Body, Bounded, Limits, TEXT_CHARS, check_text};
use crate::problem::Problem;
use crate::site::Site;
use crate::template;
use crate::weakness::Weakness;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    text: String,
}

impl Bounded for Message {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("text", &self.text, limits.text(TEXT_CHARS))
    }
}

/// The text is data: it comes back as it came.
pub(crate) async fn preview(
    State(site): State<Arc<Site>>,
    Body(Message { text }): Body<Message>,
) -> Json<Value> {
    let text = if site.has(Weakness::Template) { template::render(&text) } else { text };
    Json(json!({ "text": text, "lines": text.chars().count().div_ceil(30) }))
}
