//! The tour's scenes, in the order of the story.

pub mod calls;
pub mod request;
pub mod ticket;

use anyhow::Result;

use super::Narrator;
use super::stage::Stage;

/// Plays the story.
pub async fn play(stage: &mut Stage, to: &mut Narrator) -> Result<()> {
    to.say("A weak vendor: its API is attacked before anybody signs anything.");
    ticket::weak(stage, to).await?;
    to.say("The same API, hardened.");
    let service = ticket::hardened(stage, to).await?;
    to.say("Requests: policy grants, people sign, or it is denied.");
    let low = request::low_risk(stage, to, &service).await?;
    let sensitive = request::sensitive(stage, to, &service).await?;
    request::too_wide(stage, to, &service).await?;
    to.say("Calls: only the base URL and the key have changed.");
    calls::allowed(stage, to, &service, &low).await?;
    calls::out_of_scope(stage, to, &service, &low).await?;
    calls::limited(stage, to, &service, &low).await?;
    let rotated = calls::rotated(stage, to, &service, &sensitive).await?;
    to.say("Revocation: one entry, everywhere, also for what is under way.");
    calls::revoked(stage, to, &service, &rotated).await
}
