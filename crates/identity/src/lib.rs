//! Tokens that callers show instead of an API key: JSON Web Tokens, made here or by an issuer that
//! the operator trusts.
//!
//! A token says which issuer made it, and that issuer's entry alone says with which one algorithm
//! and which keys it is checked. Nothing in a token leads anywhere: addresses and keys in its
//! header are refused, not followed. This crate opens no socket (see [`KeyFetcher`]) and knows no
//! tenant's data: what a token's tenant and scopes are worth is the caller's to decide.

mod claims;
mod issuer;
mod jwks;
mod own;
mod text;
mod verifier;

pub use claims::{Claims, Rejected, Tenant};
pub use issuer::{Issuer, IssuerError, KeySource, TenantRule};
pub use jwks::{FetchError, KeyFetcher};
pub use own::{OwnTokens, Request};
pub use verifier::Verifier;
