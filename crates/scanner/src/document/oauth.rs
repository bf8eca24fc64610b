//! What several checks ask of OAuth schemes.

use crate::api::{Api, Flow, SchemeKind};

/// Every flow of this name, with the operations that require its scheme.
pub fn flows<'a>(api: &Api<'a>, name: &str, mut with: impl FnMut(&[u32], &Flow<'a>)) {
    for scheme in &api.schemes {
        let SchemeKind::OAuth { flows } = &scheme.kind else { continue };
        for flow in flows.iter().filter(|flow| flow.name == name) {
            with(&api.requiring(scheme.name), flow);
        }
    }
}

/// True if the scheme grants scopes that divide anything: a blank, and a `default` alone, do not.
pub fn has_scopes(kind: &SchemeKind<'_>) -> bool {
    let SchemeKind::OAuth { flows } = kind else { return false };
    let mut scopes = flows.iter().flat_map(|flow| &flow.scopes).map(|(name, _)| name.trim());
    scopes.any(|name| !name.is_empty() && name != "default")
}
