//! The house's walls: which crate may see which. Everything else is a module.

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Every edge between our crates that a build of the product has.
const EDGES: [(&str, &str); 12] = [
    ("control", "domain"),
    ("control", "ledger"),
    ("domain", "ledger"),
    ("gateway", "domain"),
    ("gateway", "ledger"),
    ("portcullis", "control"),
    ("portcullis", "domain"),
    ("portcullis", "gateway"),
    ("portcullis", "ledger"),
    ("portcullis", "proving"),
    ("portcullis", "scanner"),
    ("scanner", "domain"),
];

#[test]
fn no_crate_sees_another_that_the_design_keeps_from_it() {
    let metadata = MetadataCommand::new().exec().unwrap();
    let ours: BTreeSet<_> = metadata.workspace_packages().iter().map(|p| p.name.clone()).collect();
    for package in metadata.workspace_packages() {
        for dependency in &package.dependencies {
            let inside = ours.iter().any(|name| name.as_str() == dependency.name);
            let edge = (package.name.as_str(), dependency.name.as_str());
            if inside && dependency.kind == DependencyKind::Normal {
                assert!(EDGES.contains(&edge), "{} must not depend on {}", edge.0, edge.1);
            }
        }
    }
}

#[test]
fn only_control_speaks_sql_and_only_the_tour_sees_the_vendors() {
    let metadata = MetadataCommand::new().exec().unwrap();
    for package in metadata.workspace_packages() {
        let normal = package.dependencies.iter().filter(|d| d.kind == DependencyKind::Normal);
        let names: BTreeSet<_> = normal.map(|d| d.name.as_str()).collect();
        let name = package.name.as_str();
        assert_eq!(names.contains("sqlx"), name == "control", "sqlx in {name}");
        assert_eq!(names.contains("proving"), name == "portcullis", "proving in {name}");
        let pure = ["tokio", "axum", "reqwest", "pingora", "sqlx", "uuid", "rustls"];
        if name == "domain" || name == "ledger" {
            assert!(names.is_disjoint(&BTreeSet::from(pure)), "{name} is pure");
        }
    }
}
