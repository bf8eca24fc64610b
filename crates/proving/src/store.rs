//! What one instance remembers: customers, parcels and invoices, in memory and seeded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::problem::Problem;
use crate::random;
use crate::scope::{Principal, Role};
use crate::vendor::VendorError;
use crate::weakness::{Switches, Weakness};

/// How many parcels one customer may have, so that a caller cannot fill the memory.
const PARCELS_A_CUSTOMER: usize = 1_000;

/// A record with the fields that its readers may see; the others are the vendor's own.
pub(crate) trait Record: Serialize {
    const PUBLIC: &'static [&'static str];
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Customer {
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub role: Role,
    pub credit_cents: i64,
    pub created_at: i64,
    password_hash: String,
    risk_score: u8,
    internal_note: String,
}

impl Record for Customer {
    const PUBLIC: &'static [&'static str] =
        &["id", "name", "email", "phone", "role", "credit_cents", "created_at"];
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Address {
    pub name: String,
    pub street: String,
    pub city: String,
    pub postcode: String,
    pub country: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Speed {
    Economy,
    Standard,
    Express,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ParcelStatus {
    Created,
    InTransit,
    Delivered,
    Cancelled,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parcel {
    pub id: String,
    pub customer_id: String,
    pub status: ParcelStatus,
    pub recipient: Address,
    pub weight_grams: u32,
    pub speed: Speed,
    pub price_cents: i64,
    pub created_at: i64,
    carrier_cost_cents: i64,
    warehouse_bin: String,
}

impl Record for Parcel {
    const PUBLIC: &'static [&'static str] = &[
        "id",
        "customer_id",
        "status",
        "recipient",
        "weight_grams",
        "speed",
        "price_cents",
        "created_at",
    ];
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Invoice {
    pub id: String,
    pub customer_id: String,
    pub amount_cents: i64,
    pub refunded_cents: i64,
    pub currency: String,
    pub issued_at: i64,
    margin_cents: i64,
    booking_account: String,
}

impl Record for Invoice {
    const PUBLIC: &'static [&'static str] =
        &["id", "customer_id", "amount_cents", "refunded_cents", "currency", "issued_at"];
}

pub(crate) struct Store {
    switches: Switches,
    pub customers: BTreeMap<String, Customer>,
    pub parcels: BTreeMap<String, Parcel>,
    pub invoices: BTreeMap<String, Invoice>,
}

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

    /// A record as this vendor shows it: its public fields.
    pub(crate) fn shown<T: Record>(&self, record: &T) -> Result<Value, Problem> {
        let mut value = serde_json::to_value(record).map_err(|_| Problem::Internal)?;
        if self.switches.has(Weakness::ExcessiveData) {
            return Ok(value);
        }
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|name, _| T::PUBLIC.contains(&name.as_str()));
        }
        Ok(value)
    }

    pub(crate) fn account(&self, asker: &Principal) -> Result<&Customer, Problem> {
        self.customers.get(&asker.customer).ok_or(Problem::NotFound)
    }

    pub(crate) fn parcel(&self, id: &str, asker: &Principal) -> Result<&Parcel, Problem> {
        let parcel = self.parcels.get(id).ok_or(Problem::NotFound)?;
        self.check_owner(&parcel.customer_id, asker)?;
        Ok(parcel)
    }

    pub(crate) fn invoice(&self, id: &str, asker: &Principal) -> Result<&Invoice, Problem> {
        let invoice = self.invoices.get(id).ok_or(Problem::NotFound)?;
        self.check_owner(&invoice.customer_id, asker)?;
        Ok(invoice)
    }

    /// Another's object looks like one that does not exist, so that ids cannot be tried out.
    fn check_owner(&self, owner: &str, asker: &Principal) -> Result<(), Problem> {
        if owner == asker.customer || self.switches.has(Weakness::Bola) {
            return Ok(());
        }
        Err(Problem::NotFound)
    }

    /// Files a new parcel of `customer` and gives it its id.
    pub(crate) fn file_parcel(
        &mut self,
        customer: &str,
        recipient: Address,
        weight_grams: u32,
        speed: Speed,
        now: i64,
    ) -> Result<Parcel, Problem> {
        let held = self.parcels.values().filter(|parcel| parcel.customer_id == customer).count();
        if held >= PARCELS_A_CUSTOMER {
            return Err(Problem::StoreFull);
        }
        let price_cents = price(weight_grams, speed);
        let parcel = Parcel {
            id: format!("par_{}", random::hex::<8>()?),
            customer_id: customer.to_owned(),
            status: ParcelStatus::Created,
            recipient,
            weight_grams,
            speed,
            price_cents,
            created_at: now,
            carrier_cost_cents: price_cents * 7 / 10,
            warehouse_bin: format!("B{}", random::hex::<2>()?),
        };
        self.parcels.insert(parcel.id.clone(), parcel.clone());
        Ok(parcel)
    }

    /// Writes `fields` over the account of `asker`; fails when the result is no account.
    pub(crate) fn overwrite_account(
        &mut self,
        asker: &Principal,
        fields: Map<String, Value>,
    ) -> Result<Customer, Problem> {
        let mut value =
            serde_json::to_value(self.account(asker)?).map_err(|_| Problem::Internal)?;
        if let Some(record) = value.as_object_mut() {
            record.extend(fields);
        }
        let mut changed: Customer = serde_json::from_value(value).map_err(Problem::malformed)?;
        changed.id.clone_from(&asker.customer);
        self.customers.insert(changed.id.clone(), changed.clone());
        Ok(changed)
    }

    /// Deletes a customer with everything that is theirs.
    pub(crate) fn delete_customer(&mut self, id: &str) -> Result<(), Problem> {
        self.customers.remove(id).ok_or(Problem::NotFound)?;
        self.parcels.retain(|_, parcel| parcel.customer_id != id);
        self.invoices.retain(|_, invoice| invoice.customer_id != id);
        Ok(())
    }

    fn seed_customer(
        &mut self,
        id: &str,
        name: &str,
        role: Role,
        now: i64,
    ) -> Result<(), VendorError> {
        let customer = Customer {
            id: id.to_owned(),
            name: name.to_owned(),
            email: format!("{id}@example.com"),
            phone: "+32 9 000 00 00".to_owned(),
            role,
            credit_cents: 5_000,
            created_at: now,
            password_hash: format!(
                "$2b$12${}{}",
                random::hex::<11>()?,
                random::hex::<16>()?.get(..31).unwrap_or_default()
            ),
            risk_score: 12,
            internal_note: "pays late, ask for a deposit".to_owned(),
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

    fn seed_invoice(&mut self, customer: &str, now: i64) -> Result<(), VendorError> {
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

/// What a shipment costs, in euro cents.
pub(crate) fn price(weight_grams: u32, speed: Speed) -> i64 {
    let base = match speed {
        Speed::Economy => 390,
        Speed::Standard => 590,
        Speed::Express => 1_290,
    };
    base + i64::from(weight_grams) / 10
}

#[cfg(test)]
mod tests {
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
}
