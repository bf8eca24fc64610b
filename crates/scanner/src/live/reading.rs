//! Operations that only read and were seen to answer: the ground for what is asked of any answer.

use std::sync::Arc;

use crate::live::Gap;
use crate::live::likeness::{leads_to_login, tells_of_error};
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::Scan;

/// A request that only reads, with the success that it got.
#[derive(Debug, Clone)]
pub struct Reading {
    /// Of the operation, in the document.
    pub index: usize,
    pub request: Request,
    pub reply: Arc<Reply>,
    /// True if a credential was sent and the same request without one was refused.
    pub guarded: bool,
}

impl Reading {
    /// `METHOD /path` of the document.
    pub fn operation(&self) -> Option<String> {
        self.request.operation.clone()
    }
}

/// At most `most` readings of different operations.
///
/// # Errors
/// Nothing that follows could do better: the budget is spent, or the credential may not be sent.
pub async fn readings(scan: &Scan<'_>, most: usize) -> Result<Vec<Reading>, Gap> {
    let world = scan.world().await;
    let mut found = Vec::new();
    for (index, operation) in scan.document.operations.iter().enumerate() {
        if found.len() == most {
            break;
        }
        let Some(case) = world.any_case(index).filter(|_| operation.method.is_safe()) else {
            continue;
        };
        let guarded = match &case.request.credential {
            None => false,
            Some(_) => match scan.send(&case.bare(scan, &[])).await {
                Ok(reply) => is_refusal(&reply),
                Err(error) if error.is_final() => return Err(Gap::from(&error)),
                Err(_) => continue,
            },
        };
        let (request, reply) = (case.request.clone(), case.reply.clone());
        found.push(Reading { index, request, reply, guarded });
    }
    Ok(found)
}

fn is_refusal(reply: &Reply) -> bool {
    matches!(reply.status, 401 | 403) || leads_to_login(reply) || tells_of_error(reply)
}
