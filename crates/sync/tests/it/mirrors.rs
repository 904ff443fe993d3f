//! The gateway holds what the vendors hold, call by call.

use callweave_sandbox::{CallPatch, Vendor};

use crate::world::world;

const LISTING: [Vendor; 3] = [Vendor::CallGear, Vendor::Neuro, Vendor::Transcripto];

#[tokio::test]
async fn what_vendors_add_and_change_is_mirrored() {
    let world = world(120).await;
    for vendor in LISTING {
        let connection = world.connect(vendor).await;
        world.settle().await;
        world.assert_mirrors(vendor, connection).await;
        for round in 0..3 {
            world.truth().add_record(vendor, CallPatch::default());
            let ids: Vec<String> = world.live_calls(vendor).into_iter().collect();
            world
                .truth()
                .change_record(vendor, &ids[round * 7], CallPatch::default());
            world.sync(connection, false).await;
            world.assert_holds_all(vendor, connection).await;
            // A change far back shows at the latest on the next full walk.
            world.sync(connection, true).await;
            world.assert_mirrors(vendor, connection).await;
        }
        let status = world.status(connection).await;
        assert_eq!(status["state"], "active", "{status}");
        assert_eq!(status["streams"][0]["state"], "active");
        assert_eq!(world.count_events(connection, "sync.failed").await, 0);
    }
}
