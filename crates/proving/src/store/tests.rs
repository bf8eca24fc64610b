//! What a store holds, and for how long.

use super::*;

fn principal(customer: &str) -> Principal {
    Principal { customer: customer.to_owned(), role: Role::Customer, scopes: Vec::new() }
}

#[test]
fn a_deleted_customer_leaves_nothing_behind() {
    let mut store = Store::seeded(Switches::hardened(), 0).unwrap();
    store.delete_customer("bob").unwrap();
    assert_eq!(store.delete_customer("bob"), Err(Problem::NotFound));
    assert!(store.parcels.values().all(|parcel| parcel.customer_id == "alice"));
    assert!(store.invoices.values().all(|invoice| invoice.customer_id == "alice"));
}

#[test]
fn an_account_holds_a_bounded_number_of_parcels() {
    let mut store = Store::seeded(Switches::hardened(), 0).unwrap();
    let recipient = store.parcels.values().next().unwrap().recipient.clone();
    let mut file =
        |customer: &str| store.file_parcel(customer, recipient.clone(), 1, Speed::Economy, 0);
    for _ in 2..PARCELS_A_CUSTOMER {
        file("alice").unwrap();
    }
    assert_eq!(file("alice").unwrap_err(), Problem::StoreFull);
    file("bob").unwrap();
}

#[test]
fn an_account_never_changes_its_id() {
    let mut store = Store::seeded(Switches::weak(), 0).unwrap();
    let mut fields = Map::new();
    fields.insert("id".to_owned(), "bob".into());
    fields.insert("name".to_owned(), "Alice Changed".into());
    store.overwrite_account(&principal("alice"), fields).unwrap();
    assert_eq!(store.customers["alice"].name, "Alice Changed");
    assert_eq!(store.customers["bob"].name, "Bob Example");
}
