//! Small files of each kind, and all that is said of them.

use gov_tests::Sandbox;

const POLICIES: &str = r#"
default: DENY
rules:
  - principal: "agent:writer"
    capabilities: ["io.fs.write_file", "io.fs.delete_file"]
    action: ALLOW
    reason: the writer "writes"
  - principal: "agent:test_*"
    capabilities: "*"
    action: REQUIRE_APPROVAL
    when: the moon is full
  - principal: "robot:r2"
    capabilities: ["a.b"]
    action: ALLOW
  - principal: "user:*"
    capabilities: ["crm.*"]
    action: MAYBE
"#;

const WORKFLOW: &str = r#"
name: Publish Page
description: Publishes a page.
initial_state: { page: "a.md", words: 3 }
steps:
  - name: tell
    agent_name: herald
    capability_name: chat.post
    inputs: { text: "published {{page}} as {{write.saved}}", Thread-Id: 7, tags: [a, b] }
    depends_on: [write, gate]
    risk_level: HIGH
  - name: write
    agent_name: writer
    capability_name: io.fs.write_file
    inputs: { path: "{{ page }}", content: "{{ body }}", mode: 420 }
    timeout_seconds: 2.5
  - name: gate
    step_type: HUMAN_APPROVAL
    inputs: { message: "publish {{page}}?", approver_role: Editor in Chief }
  - name: rest
    step_type: SLEEP
max_execution_time_seconds: 90
"#;

const TOOLS: &str = r#"{ "tools": [
  { "name": "find", "description": "Find notes.", "annotations": { "readOnlyHint": true },
    "inputSchema": { "type": "object", "required": ["query"], "properties": {
      "query": { "type": "string", "minLength": 1 }, "perPage": { "type": "number", "maximum": 100 },
      "order": { "enum": ["asc", "desc"], "default": "asc" }, "since": { "type": "string", "pattern": "^\\d+$" } } },
    "outputSchema": { "type": "object", "required": ["notes"], "properties": { "notes": { "type": "array", "items": { "type": "string" } } } } },
  { "name": "add", "annotations": { "readOnlyHint": false, "destructiveHint": false, "idempotentHint": true, "sparkle": 1 },
    "inputSchema": { "type": "object", "properties": { "note": { "anyOf": [{ "type": "string" }, { "type": "null" }] } } } },
  { "name": "wipe" },
  { "title": "nameless" }
] }"#;

const API: &str = r##"
openapi: 3.1.0
info: { title: Shop, version: "1" }
servers: [{ url: "https://{region}.shop.example/v1", variables: { region: { default: eu } } }]
security: [{ shopKey: [] }]
paths:
  /orders/{orderId}:
    parameters: [{ name: orderId, in: path, required: true, schema: { type: string } }]
    get:
      operationId: getOrder
      tags: [orders]
      summary: An order.
      parameters: [{ name: verbose, in: query, schema: { type: boolean } }, { name: X-Trace, in: header, schema: { type: string } }]
      responses: { "200": { content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } } }
    delete: { responses: { "204": {} } }
  /orders:
    post:
      parameters: [{ name: dry, in: query, schema: { type: boolean } }]
      requestBody: { content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } } }
      responses: { "201": { content: { application/json: { schema: { type: array, items: { type: integer } } } } } }
      callbacks: { onDone: {} }
components:
  securitySchemes: { shopKey: { type: http, scheme: bearer } }
  schemas:
    Order: { type: object, required: [id], properties: { id: { type: string, maxLength: 9 }, total: { type: number, minimum: 0.5 }, next: { $ref: "#/components/schemas/Order" } } }
webhooks: { paid: {} }
"##;

fn imported(kind: &str, name: &str, text: &str) -> String {
    let sandbox = Sandbox::with([(name, text)]).unwrap();
    let ran = sandbox.gov(["import", kind, name, "--package", "own"]).unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    sandbox.write("out.gov", &ran.stdout).unwrap();
    assert_eq!(sandbox.gov(["fmt", "--check", "out.gov"]).unwrap().code, Some(0), "{}", ran.stdout);
    let checked = sandbox.gov(["check", "out.gov", "--format", "concise"]).unwrap();
    format!("{}\n--- said ---\n{}\n--- gov check ---\n{}", ran.stdout, ran.stderr, checked.stdout)
}

#[test]
fn policies_of_ai_first() {
    insta::assert_snapshot!(imported("ai-first", "policies.yaml", POLICIES));
}

#[test]
fn a_workflow_of_ai_first() {
    insta::assert_snapshot!(imported("ai-first", "publish.yaml", WORKFLOW));
}

#[test]
fn tools_of_an_mcp_server() {
    insta::assert_snapshot!(imported("mcp", "tools.json", TOOLS));
}

#[test]
fn an_openapi_file() {
    insta::assert_snapshot!(imported("openapi", "shop.yaml", API));
}

#[test]
fn several_files_and_folders_are_one_package() {
    let sandbox = Sandbox::with([
        ("gov.toml", "[package]\nname = \"acme.desk\"\n"),
        ("in/policies.yaml", POLICIES),
        ("in/publish.yml", WORKFLOW),
        ("in/readme.txt", "not looked at"),
    ])
    .unwrap();
    let ran = sandbox.gov(["import", "ai-first", "in", "-o", "imported.gov"]).unwrap();
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran:?}");
    let text = sandbox.read("imported.gov").unwrap();
    assert!(text.contains("\npackage acme.desk\n"), "{text}");
    assert!(text.contains("policy policies {") && text.contains("workflow publish_page("), "{text}");
}

#[test]
fn what_cannot_be_read_is_said() {
    let sandbox = Sandbox::with([("broken.yaml", "a: ["), ("empty/readme", ""), ("list.yaml", "- a\n- b\n")]).unwrap();
    sandbox.write("binary.yaml", [0xff, 0xfe]).unwrap();
    for (file, why) in [
        ("broken.yaml", "it is neither JSON nor YAML: "),
        ("missing.yaml", "cannot read `missing.yaml`: there is no such file or folder"),
        ("empty", "there is no JSON or YAML file in `empty`"),
        ("binary.yaml", "it is not UTF-8"),
    ] {
        let ran = sandbox.gov(["import", "mcp", file]).unwrap();
        assert!(ran.code == Some(2) && ran.stderr.contains(why), "{file}: {ran:?}");
    }
    for kind in ["ai-first", "mcp", "openapi"] {
        let ran = sandbox.gov(["import", kind, "list.yaml"]).unwrap();
        assert!(ran.code == Some(0) && ran.stderr.contains("not translated: "), "{kind}: {ran:?}");
    }
    let ran = sandbox.gov(["import", "mcp", "list.yaml", "--package", "Not A Name"]).unwrap();
    assert!(ran.code == Some(2) && ran.stderr.contains("is no package name"), "{ran:?}");
}
