//! Trap: an echo. What is sent comes back in JSON, encoded as JSON is, and nothing reads it.

use axum::Json;
use serde::{Deserialize, Serialize};

use crate::input::{Body, Bounded, Limits, TEXT_CHARS, check_text};
use crate::problem::Problem;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Words {
    text: String,
}

impl Bounded for Words {
    fn check(&self, limits: Limits) -> Result<(), Problem> {
        check_text("text", &self.text, limits.text(TEXT_CHARS))
    }
}

pub(crate) async fn repeat(Body(words): Body<Words>) -> Json<Words> {
    Json(words)
}
