//! What a fresh store holds.

use std::collections::BTreeMap;

use super::{Address, Customer, Invoice, ParcelStatus, Speed, Store};
use crate::random;
use crate::scope::Role;
use crate::vendor::VendorError;
use crate::weakness::Switches;

impl Store {
    /// Two customers with two parcels and one invoice each, and an administrator with neither.
    pub(crate) fn seeded(switches: Switches, now: i64) -> Result<Self, VendorError> {
        let mut store = Self {
            switches,
            customers: BTreeMap::new(),
            parcels: BTreeMap::new(),
            invoices: BTreeMap::new(),
        };
        store.seed_customer("alice", "Alice Example", Role::Customer, now)?;
        store.seed_customer("bob", "Bob Example", Role::Customer, now)?;
        store.seed_customer("admin", "Parcel Operations", Role::Administrator, now)?;
        for (customer, city) in [("alice", "Ghent"), ("bob", "Porto")] {
            store.seed_parcel(customer, city, ParcelStatus::InTransit, now)?;
            store.seed_parcel(customer, city, ParcelStatus::Created, now)?;
            store.seed_invoice(customer, now)?;
        }
        Ok(store)
    }

    fn seed_customer(
        &mut self,
        id: &str,
        name: &str,
        role: Role,
        now: i64,
    ) -> Result<(), VendorError> {
        let password_hash = format!(
            "$2b$12${}{}",
            random::hex::<11>()?,
            random::hex::<16>()?.get(..31).unwrap_or_default()
        );
        let customer = Customer {
            name: name.to_owned(),
            credit_cents: 5_000,
            internal_note: "pays late, ask for a deposit".to_owned(),
            ..Customer::new(id, role, password_hash, now)
        };
        self.customers.insert(customer.id.clone(), customer);
        Ok(())
    }

    fn seed_parcel(
        &mut self,
        customer: &str,
        city: &str,
        status: ParcelStatus,
        now: i64,
    ) -> Result<(), VendorError> {
        let recipient = Address {
            name: "Robin Example".to_owned(),
            street: "1 Example Street".to_owned(),
            city: city.to_owned(),
            postcode: "9000".to_owned(),
            country: "BE".to_owned(),
        };
        let parcel = self
            .file_parcel(customer, recipient, 1_200, Speed::Standard, now)
            .map_err(|_| VendorError::Randomness)?;
        if let Some(parcel) = self.parcels.get_mut(&parcel.id) {
            parcel.status = status;
        }
        Ok(())
    }

    pub(super) fn seed_invoice(&mut self, customer: &str, now: i64) -> Result<(), VendorError> {
        let invoice = Invoice {
            id: format!("inv_{}", random::hex::<8>()?),
            customer_id: customer.to_owned(),
            amount_cents: 4_200,
            refunded_cents: 0,
            currency: "EUR".to_owned(),
            issued_at: now,
            margin_cents: 1_260,
            booking_account: "4400-17".to_owned(),
        };
        self.invoices.insert(invoice.id.clone(), invoice);
        Ok(())
    }
}
