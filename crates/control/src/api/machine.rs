//! The machines that the ledger trusts, or has trusted.

use axum::Json;
use axum::extract::State;
use domain::machine::Machine;
use domain::signature::MachineKey;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::caller::Caller;

#[derive(Debug, Serialize, ToSchema)]
pub struct MachineView {
    id: String,
    /// `node`, `gateway` or `runner`.
    kind: String,
    /// Its Ed25519 public key, base 64.
    #[schema(value_type = String)]
    key: MachineKey,
    /// Milliseconds since 1970; absent while it is trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    retired: Option<u64>,
}

fn view(kind: &str, id: impl ToString, machine: &Machine) -> MachineView {
    let (id, kind) = (id.to_string(), kind.to_owned());
    MachineView { id, kind, key: machine.key, retired: machine.retired.map(|at| at.0) }
}

/// Every enrolled node, gateway and runner.
#[utoipa::path(get, path = "/v1/machines", responses((status = 200, body = Vec<MachineView>)))]
pub async fn machines(State(app): State<App>, _: Caller) -> Json<Vec<MachineView>> {
    let state = app.state();
    let nodes = state.nodes.iter().map(|(id, node)| view("node", id, node));
    let gateways = state.gateways.iter().map(|(id, found)| view("gateway", id, &found.machine));
    let runners = state.runners.iter().map(|(id, runner)| view("runner", id, runner));
    Json(nodes.chain(gateways).chain(runners).collect())
}
