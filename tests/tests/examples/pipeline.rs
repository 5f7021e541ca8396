//! `data-pipeline` on a real PostgreSQL server: what a day leaves in the warehouse, and that a day that fails leaves nothing.

use gov_tests::{Ran, Sandbox};
use serde_json::{Value, json};

use super::cluster::Cluster;

struct Warehouse {
    example: Sandbox,
    cluster: Cluster,
}

impl Warehouse {
    /// The tables of the example in a server; nothing, where there is no server.
    fn new() -> Option<Warehouse> {
        let cluster = Cluster::start()?;
        let example = super::copy("data-pipeline");
        cluster.ask(&example.read("tables.sql").unwrap());
        Some(Warehouse { example, cluster })
    }

    fn load(&self, regions: Value) -> (Option<i32>, Value) {
        let input = json!({ "day": "2026-03-01", "regions": regions }).to_string();
        let mut command = self.example.command(".").unwrap();
        command.args(["run", "plan.yaml", "load_day", "--input", &input, "--format", "json"]);
        let ran = Ran::from(command.env("WAREHOUSE_URL", self.cluster.address()).output().unwrap());
        let told = serde_json::from_str(&ran.stdout).unwrap_or_else(|why| panic!("{why}: {ran:?}"));
        (ran.code, told)
    }

    /// How many rows there are in the tables that a load writes.
    fn rows(&self) -> String {
        self.cluster.ask(
            "select (select count(*) from loads), (select count(*) from sales), \
             (select count(*) from totals_by_region), (select count(*) from totals_by_product)",
        )
    }
}

/// What became of each step, in the order of the run.
fn states(told: &Value) -> Vec<String> {
    let of = |step: &Value| format!("{} {}", step["step"].as_str().unwrap(), step["state"].as_str().unwrap());
    told["steps"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_day_is_loaded_once() {
    let Some(warehouse) = Warehouse::new() else { return };
    let (code, told) = warehouse.load(json!(["north", "south"]));
    assert_eq!((code, &told["state"]), (Some(0), &json!("completed")), "{told}");
    assert_eq!(told["output"], json!({ "rows": 2 }));
    assert_eq!(warehouse.rows(), "1|3|2|2");
    let totals =
        "select region, total from totals_by_region union all select product, total from totals_by_product order by 1";
    assert_eq!(warehouse.cluster.ask(totals), "cups|35.50\nnorth|155.50\nsouth|80.25\ntea|200.25");

    // The day is there already: the database says so, and what is there stays.
    let (code, told) = warehouse.load(json!(["north"]));
    assert_eq!((code, &told["state"]), (Some(3), &json!("failed")), "{told}");
    assert!(told["error"].as_str().unwrap().contains("duplicate key"), "{told}");
    assert_eq!(warehouse.rows(), "1|3|2|2");
}

#[test]
fn a_region_without_sales_takes_the_day_out_again() {
    let Some(warehouse) = Warehouse::new() else { return };
    let (code, told) = warehouse.load(json!(["north", "west"]));
    assert_eq!((code, &told["state"]), (Some(3), &json!("compensated")), "{told}");
    assert!(told["error"].as_str().unwrap().contains("region west sent nothing for 2026-03-01"), "{told}");
    assert_eq!(states(&told), ["opened undone", "loaded[0] undone", "loaded[1] undone"], "{told}");
    assert_eq!(warehouse.rows(), "0|0|0|0");
    // Undone is undone: the day can be loaded.
    assert_eq!(warehouse.load(json!(["north", "south"])).0, Some(0));
    assert_eq!(warehouse.rows(), "1|3|2|2");
}

#[test]
fn a_summary_that_fails_takes_everything_out_again() {
    let Some(warehouse) = Warehouse::new() else { return };
    warehouse.cluster.ask("alter table totals_by_product add check (total < 100)");
    let (code, told) = warehouse.load(json!(["north", "south"]));
    assert_eq!((code, &told["state"]), (Some(3), &json!("compensated")), "{told}");
    assert!(told["error"].as_str().unwrap().contains("violates check constraint"), "{told}");
    let states = states(&told);
    assert!(
        states.contains(&"by_region undone".to_owned()) && states.contains(&"by_product failed".to_owned()),
        "{told}"
    );
    assert_eq!(warehouse.rows(), "0|0|0|0");
}

#[test]
fn totals_that_do_not_add_up_take_everything_out_again() {
    let Some(warehouse) = Warehouse::new() else { return };
    // Somebody's trigger rounds one of the two.
    warehouse.cluster.ask(
        "create function rounded() returns trigger language plpgsql as \
         $$ begin new.total = round(new.total); return new; end $$; \
         create trigger rounded before insert on totals_by_product for each row execute function rounded()",
    );
    let (code, told) = warehouse.load(json!(["north", "south"]));
    assert_eq!((code, &told["state"]), (Some(3), &json!("compensated")), "{told}");
    assert!(told["error"].as_str().unwrap().contains("do not add up"), "{told}");
    assert_eq!(warehouse.rows(), "0|0|0|0");
    // Each statement and each undo was remembered once.
    assert_eq!(warehouse.cluster.ask("select count(*), count(distinct key) from gov_calls"), "10|10");
}
