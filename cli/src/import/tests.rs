//! Whatever is imported, the result reads, and nothing is lost.

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn imported(kind: Kind, value: Json) -> Imported {
    import(kind, "own", None, &[Source { name: "file".to_owned(), value }]).unwrap()
}

/// JSON of any shape, with keys and texts that importers look for.
fn json() -> impl Strategy<Value = Json> {
    let key = prop::sample::select(vec![
        "rules",
        "default",
        "principal",
        "capabilities",
        "action",
        "steps",
        "name",
        "step_type",
        "agent_name",
        "capability_name",
        "inputs",
        "depends_on",
        "compensation",
        "policy",
        "initial_state",
        "id",
        "operation_type",
        "risk",
        "level",
        "parameters",
        "returns",
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "anyOf",
        "$ref",
        "tools",
        "inputSchema",
        "annotations",
        "readOnlyHint",
        "destructiveHint",
        "openapi",
        "paths",
        "/a/{b}",
        "get",
        "post",
        "responses",
        "200",
        "content",
        "application/json",
        "schema",
        "in",
        "servers",
        "url",
        "security",
        "requestBody",
        "meta",
        "adapter",
        "config",
        "minimum",
        "maxLength",
        "default",
        "description",
        "odd key {\u{202e}",
        "",
    ]);
    let text = prop_oneof![
        prop::sample::select(vec![
            "ALLOW",
            "DENY",
            "REQUIRE_APPROVAL",
            "agent:*",
            "agent:a",
            "*",
            "io.fs.*",
            "io.fs.read_file",
            "string",
            "number",
            "array",
            "object",
            "3.0.0",
            "#/paths",
            "#",
            "{{ a }}",
            "{{a.b}} c",
            "ACTION",
            "HUMAN_APPROVAL",
            "a",
            "self",
            "step",
            "https://a.example/{b}",
            "query",
            "path",
            "a\nb \" \\ { \u{7} } // ///",
            "LOW",
            "READ",
            "1e9",
            "\u{feff}",
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        text.prop_map(Json::from),
    ];
    leaf.prop_recursive(6, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|fields| Json::Object(
                fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            )),
        ]
    })
}

proptest! {
    #[test]
    fn anything_is_imported_and_reads(value in json()) {
        for kind in [Kind::AiFirst, Kind::Mcp, Kind::Openapi] {
            imported(kind, value.clone());
        }
        // The same within what each kind looks for.
        imported(Kind::AiFirst, json!({ "rules": [value], "default": value }));
        imported(Kind::AiFirst, json!({ "steps": [value, { "name": "a", "capability_name": "a.b", "inputs": value, "compensation": value }], "initial_state": value, "policy": [value] }));
        imported(Kind::AiFirst, json!({ "id": "a.b", "operation_type": "WRITE", "parameters": [value], "returns": value, "risk": value, "compensation": value, "side_effects": value, "metadata": value }));
        imported(Kind::AiFirst, json!({ "meta": { "id": "a" }, "adapter": { "type": "http_api", "config": value }, "proposal": value }));
        imported(Kind::Mcp, json!({ "tools": [{ "name": "a", "inputSchema": value, "outputSchema": value, "annotations": value }, value] }));
        imported(Kind::Mcp, json!({ "name": "a", "inputSchema": { "type": "object", "properties": { "a": value, "b": value } } }));
        let operation = json!({ "parameters": [value], "requestBody": value, "responses": { "200": value }, "security": [value] });
        imported(Kind::Openapi, json!({ "openapi": "3.1.0", "paths": { "/a/{b}": { "get": operation, "post": value, "put": operation } }, "servers": [value], "components": value }));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        let _ = read(&text);
    }

    /// Each rule, step and capability of the input is in the output, or in the list of what is not.
    #[test]
    fn nothing_is_lost(rules in prop::collection::vec((json(), prop::option::of(json())), 0..5),
                       steps in prop::collection::vec((json(), json()), 0..5)) {
        let mark = |kind: &str, at: usize| format!("{kind}_marked_{at}");
        let rule = |(at, (value, action)): (usize, &(Json, Option<Json>))| json!({
            "principal": if at % 2 == 0 { json!("agent:a") } else { value.clone() },
            "capabilities": [format!("{}.x", mark("rule", at))],
            "action": action.clone().unwrap_or(json!("ALLOW")),
        });
        let given: Vec<Json> = rules.iter().enumerate().map(rule).collect();
        let policy = imported(Kind::AiFirst, json!({ "default": "DENY", "rules": given }));
        let step = |(at, (value, kind)): (usize, &(Json, Json))| json!({
            "name": mark("step", at), "capability_name": format!("{}.x", mark("capability", at)),
            "inputs": value, "depends_on": [mark("step", at + 1)],
            "step_type": if at % 2 == 0 { json!("ACTION") } else { kind.clone() },
        });
        let given: Vec<Json> = steps.iter().enumerate().map(step).collect();
        let workflow = imported(Kind::AiFirst, json!({ "name": "w", "steps": given }));
        let tools: Vec<Json> = steps.iter().enumerate().map(|(at, (value, _))| json!({ "name": mark("tool", at), "inputSchema": value })).collect();
        let tools = imported(Kind::Mcp, json!({ "tools": tools }));
        for (imported, kind, count) in
            [(&policy, "rule", rules.len()), (&workflow, "step", steps.len()), (&tools, "tool", steps.len())]
        {
            for at in 0..count {
                let mark = mark(kind, at);
                let code = imported.text.lines().any(|line| line.contains(&mark) && !line.trim_start().starts_with("//"));
                let noted = imported.notes.iter().any(|note| note.contains(&mark));
                prop_assert!(code || noted, "{} is lost:\n{}", mark, imported.text);
            }
        }
        for imported in [&policy, &workflow, &tools] {
            for note in &imported.notes {
                let what = note.split_once(": ").map_or(note.as_str(), |(_, what)| what);
                let said = imported.text.matches("// not translated: ").count();
                prop_assert!(said >= 1, "{} has no place in the file", what);
            }
            prop_assert_eq!(imported.text.matches("// not translated: ").count(), imported.notes.len());
        }
    }
}

#[test]
fn schemas_that_never_end_end() {
    let node = json!({ "type": "object", "properties": { "left": { "$ref": "#/components/schemas/Node" }, "right": { "$ref": "#/components/schemas/Node" }, "any": { "anyOf": [{ "$ref": "#/components/schemas/Loop" }] } } });
    let file = json!({
        "openapi": "3.0.0", "servers": [{ "url": "https://a.example" }],
        "components": { "schemas": { "Node": node, "Loop": { "anyOf": [{ "$ref": "#/components/schemas/Loop" }] }, "Self": { "$ref": "#/components/schemas/Self" } } },
        "paths": { "/a": { "post": { "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Node" } } } },
            "responses": { "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Self" } } } } } } } },
    });
    let imported = imported(Kind::Openapi, file);
    assert!(imported.notes.iter().any(|note| note.contains("the type, which has itself in it")));
    assert!(imported.text.len() < 1 << 20, "{}", imported.text.len());
}

#[test]
fn files_are_read_as_what_they_are() {
    assert_eq!(read("{\"a\": 1}").unwrap(), json!({ "a": 1 }));
    assert_eq!(read("a: 1\nb: [x, 2.5]\n3: yes").unwrap(), json!({ "a": 1, "b": ["x", 2.5], "3": "yes" }));
    assert!(read("a: 1\na: 2").unwrap_err().contains("duplicate"));
    assert!(read("{\"a\": 1, \"a\": 2}").is_err());
    assert!(read("a: [").is_err());
    assert!(read("? [a]\n: b").unwrap_err().contains("no text"));
}
