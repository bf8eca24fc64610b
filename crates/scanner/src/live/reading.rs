//! Operations that only read and were seen to answer: the ground for what is asked of any answer.

use std::sync::Arc;

use crate::live::Gap;
use crate::live::likeness::tells_of_error;
use crate::live::reply::Reply;
use crate::live::request::Request;
use crate::live::scan::{Face, Scan};

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

/// At most `most` readings, plain ones first, spread over the document.
///
/// # Errors
/// Nothing that follows could do better: the budget is spent, or the credential may not be sent.
pub async fn readings(scan: &Scan<'_>, most: usize) -> Result<Vec<Reading>, Gap> {
    let mut found = Vec::new();
    let guarded = scan.by_plainness().into_iter().map(|(index, _)| (index, false));
    let open = scan.document.operations.iter().enumerate();
    let open = open.filter(|(_, one)| one.method.is_safe() && one.is_public());
    let all: Vec<_> = guarded.chain(open.map(|(index, _)| (index, true))).collect();
    // Many operations that refuse must not cost the whole budget.
    for (index, open) in all.into_iter().take(most.saturating_mul(4)) {
        if found.len() == most {
            break;
        }
        let face = if open || scan.genuine().is_none() { Face::Anonymous } else { Face::Control };
        let reply = match scan.look(index, face).await {
            Ok(reply) => reply,
            Err(error) if error.is_final() => return Err(Gap::from(&error)),
            Err(_) => continue,
        };
        if !reply.is_success() || tells_of_error(&reply) {
            continue;
        }
        let Some(request) = scan.request(index, face).await else { continue };
        let guarded = face == Face::Control && refused_alone(scan, index).await;
        found.push(Reading { index, request, reply, guarded });
    }
    Ok(found)
}

async fn refused_alone(scan: &Scan<'_>, index: usize) -> bool {
    let alone = scan.look(index, Face::Anonymous).await;
    alone.is_ok_and(|reply| matches!(reply.status, 401 | 403) || tells_of_error(&reply))
}
