//! The vault as the store sees it.

use callweave_store::sealed::{SealError, SealedPlace, Sealer};
use rand::RngCore as _;
use secrecy::SecretSlice;

use crate::vault::{Place, Vault};

impl From<&SealedPlace> for Place {
    fn from(place: &SealedPlace) -> Self {
        Self {
            table: place.table,
            column: place.column,
            tenant: place.tenant,
            row: place.row,
        }
    }
}

impl Sealer for Vault {
    fn open(&self, place: &SealedPlace, sealed: &[u8]) -> Result<SecretSlice<u8>, SealError> {
        Ok(Self::open(self, &place.into(), sealed)?.into())
    }

    fn seal(&self, place: &SealedPlace, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(Self::seal(self, &place.into(), secret)?)
    }

    fn fresh(&self) -> SecretSlice<u8> {
        let mut secret = vec![0_u8; 32];
        rand::rng().fill_bytes(&mut secret);
        secret.into()
    }
}
