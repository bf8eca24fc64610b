//! Views: what the API and the console show of the state. Every waiting status names what ends it.

pub mod request;
pub mod ticket;
pub mod token;

use domain::fuse::Fuse;
use domain::id::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::control::Control;

/// Something with an id and a name that people know.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Named {
    pub id: String,
    pub name: String,
}

/// An end and its reason.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Ends {
    /// RFC 3339.
    pub on: String,
    /// Milliseconds since 1970.
    pub at: u64,
    pub because: String,
}

impl From<&Fuse> for Ends {
    fn from(fuse: &Fuse) -> Ends {
        let because = fuse.because.to_string();
        Ends { on: fuse.until.to_string(), at: fuse.until.0, because }
    }
}

/// A signed review.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReviewView {
    pub at: u64,
    pub by: Named,
    pub role: String,
    pub verdict: String,
}

impl Control {
    pub(crate) async fn named(&self, person: PersonId) -> Named {
        Named { id: person.to_string(), name: self.person_name(person).await }
    }

    pub(crate) async fn reviews(&self, reviews: &[domain::review::Review]) -> Vec<ReviewView> {
        let mut views = Vec::new();
        for review in reviews {
            let verdict = match review.verdict {
                domain::review::Verdict::Approve => "approve",
                domain::review::Verdict::Reject => "reject",
            };
            views.push(ReviewView {
                at: review.at.0,
                by: self.named(review.by).await,
                role: review.role.to_string(),
                verdict: verdict.to_owned(),
            });
        }
        views
    }
}
