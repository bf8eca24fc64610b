//! Services are released, suspended, and get the credentials that the gateway injects.

use domain::actor::Proof;
use domain::credential::CredentialStored;
use domain::entry::Body;
use domain::id::{CredentialId, PersonId, ServiceId};
use domain::refusal::{Code, Refusal};
use domain::service::{Release, ServiceReleased, ServiceSuspended};
use zeroize::Zeroizing;

use super::Failure;
use crate::control::Control;
use crate::journal::Desk;

impl Control {
    pub async fn release(
        &self,
        who: PersonId,
        service: ServiceId,
        stage: Release,
    ) -> Result<u64, Failure> {
        let body = Body::ServiceReleased(ServiceReleased { service, stage });
        self.append(who, body).await
    }

    pub async fn suspend(&self, who: PersonId, service: ServiceId) -> Result<u64, Failure> {
        self.append(who, Body::ServiceSuspended(ServiceSuspended { service })).await
    }

    /// Seals the vendor's credential in the vault; the entry says that, and nothing of its text.
    pub async fn store_credential(
        &self,
        who: PersonId,
        service: ServiceId,
        environment: String,
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<CredentialId, Failure> {
        let credential = CredentialId(self.id());
        let sealed = self
            .vault
            .seal(credential, &secret)
            .map_err(|error| Failure::Unavailable(format!("the vault cannot seal: {error}")))?;
        if secret.len() < 8 || secret.len() > 8192 || !secret.iter().all(|c| (32..127).contains(c))
        {
            let message = "a credential is 8 to 8192 printable ASCII characters on one line";
            return Err(Refusal::new(Code::Invalid, message).into());
        }
        let command = move |desk: &mut Desk| {
            desk.secret(credential, sealed.clone());
            let environment = environment.clone();
            let stored = CredentialStored { credential, environment, owner: who, service };
            desk.append(Some(who), Proof::Login, Body::CredentialStored(stored))
        };
        self.journal.commit(command).await?;
        Ok(credential)
    }

    /// One entry by a logged-in person.
    pub(crate) async fn append(&self, who: PersonId, body: Body) -> Result<u64, Failure> {
        let command = move |desk: &mut Desk| desk.append(Some(who), Proof::Login, body.clone());
        Ok(self.journal.commit(command).await?.value)
    }
}
