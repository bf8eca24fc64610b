//! What one instance remembers: customers, parcels and invoices, in memory and seeded.

mod record;
mod seed;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

pub(crate) use self::record::{
    Address, Customer, Invoice, Parcel, ParcelStatus, Record, Speed, Use,
};
use crate::problem::Problem;
use crate::random;
use crate::scope::{Principal, Role};
use crate::weakness::{Switches, Weakness};

/// How many parcels one customer may have, so that a caller cannot fill the memory.
const PARCELS_A_CUSTOMER: usize = 1_000;
/// How many customers there may be.
const CUSTOMERS: usize = 1_000;

pub(crate) struct Store {
    switches: Switches,
    pub customers: BTreeMap<String, Customer>,
    pub parcels: BTreeMap<String, Parcel>,
    pub invoices: BTreeMap<String, Invoice>,
}

impl Store {
    /// A record as this vendor shows it: its public fields.
    pub(crate) fn shown<T: Record>(&self, record: &T) -> Result<Value, Problem> {
        self.public(record, Weakness::ExcessiveData)
    }

    /// A record as this vendor shows it in a list.
    pub(crate) fn listed<T: Record>(&self, record: &T) -> Result<Value, Problem> {
        self.public(record, Weakness::ExcessiveDataList)
    }

    fn public<T: Record>(&self, record: &T, unless: Weakness) -> Result<Value, Problem> {
        let mut value = serde_json::to_value(record).map_err(|_| Problem::Internal)?;
        if self.switches.has(unless) {
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

    pub(crate) fn parcel(&self, id: &str, asker: &Principal, to: Use) -> Result<&Parcel, Problem> {
        let parcel = self.parcels.get(id).ok_or(Problem::NotFound)?;
        self.check_owner(&parcel.customer_id, asker, to)?;
        Ok(parcel)
    }

    pub(crate) fn invoice(
        &self,
        id: &str,
        asker: &Principal,
        to: Use,
    ) -> Result<&Invoice, Problem> {
        let invoice = self.invoices.get(id).ok_or(Problem::NotFound)?;
        self.check_owner(&invoice.customer_id, asker, to)?;
        Ok(invoice)
    }

    /// Another's object looks like one that does not exist, so that ids cannot be tried out.
    fn check_owner(&self, owner: &str, asker: &Principal, to: Use) -> Result<(), Problem> {
        let unless = match to {
            Use::Read => Weakness::Bola,
            Use::Change => Weakness::ObjectChange,
            Use::Delete => Weakness::ObjectDelete,
        };
        if owner == asker.customer || self.switches.has(unless) {
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

    /// Writes `fields` over a parcel that was just filed; fails when the result is no parcel.
    pub(crate) fn overwrite_parcel(
        &mut self,
        parcel: Parcel,
        fields: Map<String, Value>,
    ) -> Result<Parcel, Problem> {
        let mut changed: Parcel = overwritten(&parcel, fields)?;
        changed.id = parcel.id;
        self.parcels.insert(changed.id.clone(), changed.clone());
        Ok(changed)
    }

    /// Writes `fields` over the account of `asker`; fails when the result is no account.
    pub(crate) fn overwrite_account(
        &mut self,
        asker: &Principal,
        fields: Map<String, Value>,
    ) -> Result<Customer, Problem> {
        let mut changed: Customer = overwritten(self.account(asker)?, fields)?;
        changed.id.clone_from(&asker.customer);
        self.customers.insert(changed.id.clone(), changed.clone());
        Ok(changed)
    }

    /// Makes a customer of someone new, with a first invoice to settle.
    pub(crate) fn sign_up(
        &mut self,
        name: &str,
        password_hash: String,
        role: Role,
        now: i64,
    ) -> Result<Customer, Problem> {
        if self.customers.contains_key(name) {
            return Err(Problem::NameTaken);
        }
        if self.customers.len() >= CUSTOMERS {
            return Err(Problem::StoreFull);
        }
        let customer = Customer::new(name, role, password_hash, now);
        self.customers.insert(customer.id.clone(), customer.clone());
        self.seed_invoice(name, now)?;
        Ok(customer)
    }

    /// The hash of the password of a customer; none when nobody has the name.
    pub(crate) fn password_hash(&self, name: &str) -> Option<String> {
        self.customers.get(name).map(|customer| customer.password_hash.clone())
    }

    /// Deletes a customer with everything that is theirs.
    pub(crate) fn delete_customer(&mut self, id: &str) -> Result<(), Problem> {
        self.customers.remove(id).ok_or(Problem::NotFound)?;
        self.parcels.retain(|_, parcel| parcel.customer_id != id);
        self.invoices.retain(|_, invoice| invoice.customer_id != id);
        Ok(())
    }
}

/// `record` with `fields` written over it.
fn overwritten<T: Record + DeserializeOwned>(
    record: &T,
    fields: Map<String, Value>,
) -> Result<T, Problem> {
    let mut value = serde_json::to_value(record).map_err(|_| Problem::Internal)?;
    if let Some(record) = value.as_object_mut() {
        record.extend(fields);
    }
    serde_json::from_value(value).map_err(Problem::malformed)
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
