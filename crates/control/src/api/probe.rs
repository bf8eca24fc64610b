//! The probes of a ticket: what was ordered, and which answer and report came back.

use axum::Json;
use axum::extract::{Path, State};
use domain::id::{OrderId, TicketId};
use domain::probe::Order;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::{Caller, id};
use super::{App, Problem};

/// An order of probes. Its answer is a material and names the report, a paper: read both by their
/// digests.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProbeView {
    order: String,
    /// Milliseconds since 1970.
    at: u64,
    environment: String,
    target: String,
    checks: Vec<String>,
    runner: String,
    /// The digest of what the runner signed, once it has answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
}

fn view(id: OrderId, order: &Order) -> ProbeView {
    let ordered = &order.ordered;
    ProbeView {
        order: id.to_string(),
        at: order.at.0,
        environment: ordered.environment.clone(),
        target: ordered.target.clone(),
        checks: ordered.checks.iter().cloned().collect(),
        runner: ordered.runner.to_string(),
        answer: order.answered.map(|digest| digest.to_string()),
    }
}

/// A ticket's orders, the newest last.
#[utoipa::path(get, path = "/v1/tickets/{id}/probes", params(("id" = String, Path)),
    responses((status = 200, body = Vec<ProbeView>), (status = 404, body = Problem)))]
pub async fn probes(
    State(app): State<App>,
    _: Caller,
    Path(ticket): Path<String>,
) -> Result<Json<Vec<ProbeView>>, Problem> {
    let (state, ticket) = (app.state(), id::<TicketId>(&ticket)?);
    state.ticket(ticket)?;
    let orders = state.orders.iter().filter(|(_, order)| order.ordered.ticket == ticket);
    Ok(Json(orders.map(|(id, order)| view(*id, order)).collect()))
}
