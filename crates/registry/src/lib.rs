//! The vendors of this build.
//!
//! The only crate of the gateway that names them: a further vendor costs one line here and one in
//! the manifest beside it.

use callweave_provider::Registry;

/// Every vendor this build knows.
pub fn vendors() -> Registry {
    Registry::new()
        .with(callweave_provider_alovoice::AloVoiceFactory)
        .with(callweave_provider_callgear::CallGearFactory)
        .with(callweave_provider_neuro::NeuroFactory)
        .with(callweave_provider_transcripto::TranscriptoFactory)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_vendor_stands_under_its_own_key() {
        let keys: Vec<&str> = super::vendors()
            .iter()
            .map(|factory| factory.manifest().vendor)
            .collect();
        assert_eq!(keys, ["alovoice", "callgear", "neuro", "transcripto"]);
    }
}
