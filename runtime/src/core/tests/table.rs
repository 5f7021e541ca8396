use crate::core::Status;

/// The whole table, so that a change of it is seen.
#[test]
fn the_legal_transitions_are_these() {
    let table: Vec<String> = Status::ALL
        .into_iter()
        .map(|from| {
            let to: Vec<&str> = Status::ALL.into_iter().filter(|to| from.may_become(*to)).map(Status::as_str).collect();
            format!("{from} -> {}", to.join(" "))
        })
        .collect();
    assert_eq!(
        table,
        [
            "pending -> running",
            "running -> waiting compensating completed failed stuck cancelled",
            "waiting -> running compensating failed stuck cancelled",
            "compensating -> compensated stuck cancelled",
            "completed -> ",
            "failed -> ",
            "compensated -> ",
            "stuck -> running compensating",
            "cancelled -> ",
        ]
    );
}

#[test]
fn every_state_is_reached_and_the_ends_are_final() {
    for status in Status::ALL {
        let reached = Status::ALL.into_iter().any(|from| from.may_become(status));
        assert_eq!(reached, status != Status::Pending, "{status}");
        assert_eq!(status.is_final(), status.successors().is_empty());
        assert!(!status.may_become(status), "{status}");
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
}
