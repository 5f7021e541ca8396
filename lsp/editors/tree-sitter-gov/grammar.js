/**
 * @file The grammar of the Gov language, for editors. The reference is `grammar/src/gov.pest`; the two take the same texts.
 *
 * Keywords are keywords only where they stand, and line ends mean nothing, so whether a word goes on with what stands before it
 * or starts something new takes more than the next token. Those questions are answered by `src/scanner.c`, in the words of the
 * reference's predicates (`item_start`, `expr_stop`, …); what is left is LR(1), but for the two conflicts below.
 */

/// <reference types="tree-sitter-cli/dsl" />

const list = (item) => seq(item, repeat(seq(",", item)), optional(","));
const rows = (keyword, row) => seq(keyword, list(row));
const braces = (item) => seq("{", repeat(item), "}");

const PRECEDENCE = { or: 1, and: 2, not: 3, compare: 4, otherwise: 5, add: 6, multiply: 7, negate: 8, postfix: 9 };

module.exports = grammar({
  name: "gov",

  extras: ($) => [/[ \n\t\r]/, $.comment],

  // The same order as in `src/scanner.c`.
  externals: ($) => [
    // Names, by what they must not be taken for where they stand.
    $._name,
    $._free_name,
    $._policy_name,
    $._after_name,
    $._rule_name,
    $._field_name,
    $._variable,
    $._module_name,
    $.capability_id,
    $.principal,
    $.pattern,
    $._type_name,
    $._new_type_name,
    $._currency,
    $._code,
    // Numbers.
    $.integer,
    $.decimal,
    $.duration,
    // Inside strings.
    $.string_content,
    $.escape_sequence,
    $._string_end,
    $._interpolation_start,
    // A `>` that compares.
    $._greater,
    // These take nothing: they say that what follows is one.
    $._currency_ahead,
    $._pattern_ahead,
    $._approver_ahead,
    $._label_ahead,
    $._or_ahead,
    // Never asked for: it is valid only while an error is recovered from.
    $._recovering,
  ],

  word: ($) => $._word,

  conflicts: ($) => [
    // `retry 3 times · on failure continue`
    [$.retry_clause],
    // `required from a ·, none`
    [$.approvers],
  ],

  rules: {
    source_file: ($) => repeat($._item),

    _item: ($) =>
      choice(
        $.package_declaration,
        $.use_declaration,
        $.type_definition,
        $.context_definition,
        $.role_definition,
        $.set_definition,
        $.capability_definition,
        $.policy_definition,
        $.workflow_definition,
        $.claim,
        $.test_definition,
        $.acceptance,
      ),

    package_declaration: ($) => seq("package", field("name", alias($._module_name, $.module_name))),
    use_declaration: ($) => seq("use", field("name", alias($._module_name, $.module_name))),
    type_definition: ($) =>
      seq("type", field("name", alias($._new_type_name, $.type_name)), "=", field("type", $._type), optional($.refinement)),
    context_definition: ($) => seq("context", $.fields),
    role_definition: ($) => seq("role", field("name", alias($._free_name, $.name)), optional($.members)),
    set_definition: ($) => seq("set", field("name", alias($._name, $.name)), "=", $.members),
    members: ($) => seq("{", optional($.pattern_list), "}"),
    acceptance: ($) => seq("@", "accept", "(", field("code", alias($._code, $.code)), ",", $.string, optional(","), ")"),

    // ---- types

    fields: ($) => seq("{", optional(list($.field)), "}"),
    field: ($) => seq(field("name", alias($._name, $.name)), ":", field("type", $._type), optional($.refinement)),
    refinement: ($) => seq("where", $._expression),

    _type: ($) => choice($._plain_type, $.optional_type),
    optional_type: ($) => seq($._plain_type, "?"),
    _plain_type: ($) =>
      choice($.list_type, $.money_type, alias($._type_name, $.type_name), $.string_union, alias($.fields, $.record_type)),
    list_type: ($) => seq("List", "<", $._type, optional($.refinement), ">"),
    money_type: ($) => seq("Money", "<", alias($._currency, $.currency), ">"),
    string_union: ($) => seq($.string, repeat(seq("|", $.string))),

    // ---- capabilities

    capability_definition: ($) =>
      seq("capability", field("name", $.capability_id), ":", field("kind", alias($._name, $.kind)), $.capability_body),
    capability_body: ($) => braces($._clause),

    _clause: ($) =>
      choice(
        $.version_clause,
        $.tags_clause,
        $.deprecated_clause,
        $.input_clause,
        $.output_clause,
        $.effect_clause,
        $.risk_clause,
        $.approval_clause,
        $.compensate_clause,
        $.retry_clause,
        $.timeout_clause,
        $.idempotent_clause,
        $.cost_clause,
        $.handler_clause,
      ),

    version_clause: ($) => seq("version", $.version),
    version: () => token(seq('"', /[^"\n]*/, '"')),
    tags_clause: ($) => seq("tags", "[", optional(list(alias($._name, $.tag))), "]"),
    deprecated_clause: ($) => seq("deprecated", $.string),
    input_clause: ($) => seq("input", $.fields),
    output_clause: ($) => seq("output", $.fields),

    effect_clause: ($) => rows("effect", $.effect_row),
    effect_row: ($) =>
      seq(
        choice("none", seq(choice("reversible", "irreversible"), field("scope", $.scope), optional($.string))),
        optional($._row_guard),
        optional($.because),
      ),
    scope: () => choice("local", "network", "external"),
    _row_guard: ($) => choice($.guard, "otherwise"),
    guard: ($) => seq("when", $._expression),
    because: ($) => seq("because", $.string),

    risk_clause: ($) => rows("risk", $.risk_row),
    risk_row: ($) => seq($.level, optional($._row_guard), optional($.because)),
    level: () => choice("low", "medium", "high", "critical"),

    approval_clause: ($) => rows("approval", $.approval_row),
    approval_row: ($) =>
      seq(
        choice(seq("required", optional(seq("from", $.approvers))), "none"),
        optional($._row_guard),
        optional($.because),
      ),
    approvers: ($) => list(seq($._approver_ahead, $.pattern)),

    compensate_clause: ($) => rows("compensate", $.compensate_row),
    compensate_row: ($) =>
      seq(choice(seq("with", $.call), "manually", "none"), optional($._row_guard), optional($.because)),

    retry_clause: ($) =>
      seq(
        "retry",
        choice(seq("until", "success"), seq($.integer, "times")),
        optional(seq("backoff", $.duration, "..", $.duration)),
        optional(seq("on", "transient")),
      ),
    timeout_clause: ($) => seq("timeout", $.duration),
    idempotent_clause: ($) => seq("idempotent", optional(seq("by", $._expression))),
    cost_clause: ($) => rows("cost", $.cost_row),
    cost_row: ($) => seq($.money, optional($._row_guard), optional($.because)),
    handler_clause: ($) => seq("handler", choice("builtin", "none", seq(choice("http", "mcp", "exec"), $.record))),

    // ---- policies

    policy_definition: ($) => seq("policy", field("name", alias($._name, $.name)), $.policy_body),
    policy_body: ($) => braces(choice($.rule, $.default_clause, $.escalate_clause, $.acceptance)),

    default_clause: ($) => seq("default", choice("allow", "deny", seq("require", "approval", repeat($._approval_option)))),
    escalate_clause: ($) =>
      seq(
        "escalate",
        choice(
          seq("never", $.because),
          seq("risk", ">=", $.level, optional(seq("to", $.approvers)), optional(seq("within", $.duration))),
        ),
      ),
    rule: ($) =>
      seq(
        optional(seq($._label_ahead, field("label", alias($._name, $.label)), ":")),
        choice("allow", "deny", seq("require", "approval", repeat($._approval_option), "for")),
        field("subjects", $.pattern_list),
        "to",
        field("capabilities", $.pattern_list),
        optional($.guard),
        optional($.because),
      ),
    _approval_option: ($) => choice(seq("from", $.approvers), seq("quorum", $.integer), seq("within", $.duration)),
    pattern_list: ($) => list(seq($._pattern_ahead, $.pattern)),

    // ---- workflows

    workflow_definition: ($) =>
      seq(
        "workflow",
        field("name", alias($._name, $.name)),
        $.parameters,
        optional(seq("->", field("returns", $._type))),
        $.workflow_body,
      ),
    parameters: ($) => seq("(", optional(list(alias($.field, $.parameter))), ")"),
    workflow_body: ($) => braces(choice($._header, $._statement)),

    _header: ($) => choice($.principal_clause, $.policy_reference, $.budget_clause, $.tenant_clause),
    principal_clause: ($) => seq("principal", $.principal),
    policy_reference: ($) => seq("policy", field("name", alias($._policy_name, $.name))),
    budget_clause: ($) => seq("budget", list(choice($.money, seq($.integer, "calls"), $.duration))),
    tenant_clause: ($) => seq("tenant", $._expression),

    block: ($) => braces($._statement),
    _statement: ($) =>
      choice(
        $.step,
        $.check_statement,
        $.fail_statement,
        $.let_statement,
        $.if_statement,
        $.parallel_statement,
        $.for_statement,
        $.approval_statement,
        $.wait_statement,
        $.return_statement,
        $.acceptance,
      ),

    step: ($) =>
      seq(
        "step",
        field("name", alias($._name, $.name)),
        optional(seq("as", $.principal)),
        "=",
        choice($.call, $.workflow_call),
        repeat($._step_option),
      ),
    call: ($) => seq(field("capability", $.capability_id), $.record),
    workflow_call: ($) => seq("run", field("workflow", alias($._name, $.name)), $.record),
    _step_option: ($) =>
      choice($.retry_clause, $.timeout_clause, $.compensate_clause, $.fallback, $.continue_clause, $.after_clause),
    fallback: ($) => seq("or", $.call),
    continue_clause: () => seq("on", "failure", "continue"),
    after_clause: ($) =>
      seq("after", alias($._name, $.name), repeat(seq(",", alias($._after_name, $.name))), optional(",")),

    check_statement: ($) => seq("check", $._expression, "else", $.string),
    fail_statement: ($) => seq("fail", $.string),
    let_statement: ($) => seq("let", field("name", alias($._name, $.name)), "=", field("value", $._expression)),
    if_statement: ($) =>
      seq("if", field("condition", $._expression), $.block, optional(seq("else", choice($.block, $.if_statement)))),
    parallel_statement: ($) => seq("parallel", $.block),
    for_statement: ($) =>
      seq(
        optional("parallel"),
        "for",
        field("name", alias($._name, $.name)),
        "in",
        field("list", $._expression),
        "up",
        "to",
        $.integer,
        $.block,
      ),
    approval_statement: ($) =>
      seq("approval", field("name", alias($._name, $.name)), repeat($._approval_option), $.string),
    wait_statement: ($) => seq("wait", $._expression),
    return_statement: ($) => seq("return", $._expression),

    // ---- proofs and tests

    claim: ($) =>
      seq(
        "prove",
        field("name", alias($._name, $.name)),
        "in",
        field("subject", alias($._name, $.name)),
        ":",
        choice($.policy_claim, $.workflow_claim),
      ),
    policy_claim: ($) =>
      seq(
        choice("never", "always", "sometimes"),
        $.decision,
        field("subjects", $.pattern_list),
        "to",
        field("capabilities", $.pattern_list),
        optional($.guard),
      ),
    decision: () => choice("allow", "deny", "approval"),
    workflow_claim: ($) =>
      choice(
        seq("always", "undoes"),
        seq("spends", "at", "most", $.money),
        seq("calls", $.capability_id, "at", "most", $.integer, "times"),
        seq("calls", $.capability_id, "before", $.capability_id),
        seq("never", "calls", $.capability_id, "without", "approval"),
      ),

    test_definition: ($) => seq("test", field("name", $.string), $.test_body),
    test_body: ($) =>
      braces(
        choice(
          $.expect_decision,
          $.expect_end,
          $.expect_calls,
          $.given_statement,
          $.answer_statement,
          $.run_statement,
        ),
      ),
    expect_decision: ($) =>
      seq(
        "expect",
        $.decision,
        optional(seq("by", choice("default", alias($._rule_name, $.label), $.integer))),
        "for",
        $.principal,
        optional(seq("asserting", $.pattern_list)),
        "to",
        $.call,
        optional(seq("with", $.record)),
      ),
    expect_end: ($) =>
      seq(
        "expect",
        choice(seq("completed", optional($.record)), "compensated", seq("failed", optional($.string)), "stuck"),
      ),
    expect_calls: ($) => seq("expect", "calls", "[", optional(list($.capability_id)), "]"),
    given_statement: ($) =>
      seq(
        "given",
        $.capability_id,
        choice(
          seq("returns", $.record),
          seq("fails", optional("transient"), $.string, optional(seq($.integer, "times"))),
          seq("times", "out"),
        ),
      ),
    answer_statement: ($) =>
      seq(
        choice("approve", "reject"),
        field("name", alias($._name, $.name)),
        optional(seq("by", $.principal)),
      ),
    run_statement: ($) => seq($.workflow_call, optional(seq("with", $.record))),

    // ---- expressions

    _expression: ($) =>
      choice(
        $.binary_expression,
        $.unary_expression,
        $.member_expression,
        $.cast_expression,
        $.has_expression,
        $.length_expression,
        $.parenthesized_expression,
        $.list,
        $.record,
        $.string,
        $.money,
        $.integer,
        $.decimal,
        $.duration,
        $.boolean,
        alias($._variable, $.variable),
      ),

    binary_expression: ($) =>
      choice(
        ...[
          [seq($._or_ahead, "or"), PRECEDENCE.or],
          ["and", PRECEDENCE.and],
          ...["==", "!=", "<=", ">=", "<", alias($._greater, ">"), "in", "matches"].map((it) => [it, PRECEDENCE.compare]),
          ["??", PRECEDENCE.otherwise],
          ["+", PRECEDENCE.add],
          ["-", PRECEDENCE.add],
          ["*", PRECEDENCE.multiply],
        ].map(([operator, precedence]) =>
          prec.left(precedence, seq(field("left", $._expression), operator, field("right", $._expression))),
        ),
      ),
    unary_expression: ($) =>
      choice(prec(PRECEDENCE.not, seq("not", $._expression)), prec(PRECEDENCE.negate, seq("-", $._expression))),
    member_expression: ($) =>
      prec(PRECEDENCE.postfix, seq(field("of", $._expression), ".", field("field", alias($._field_name, $.field_name)))),
    cast_expression: ($) => prec(PRECEDENCE.postfix, seq($._expression, "as", field("type", $._type))),
    has_expression: ($) => seq("has", $.path),
    path: ($) =>
      prec.right(
        PRECEDENCE.postfix + 1,
        seq(alias($._variable, $.variable), repeat(seq(".", alias($._field_name, $.field_name)))),
      ),
    length_expression: ($) => seq("len", "(", $._expression, ")"),
    parenthesized_expression: ($) => seq("(", $._expression, ")"),
    list: ($) => seq("[", optional(list($._expression)), "]"),
    record: ($) => seq("{", optional(list($.entry)), "}"),
    entry: ($) => seq(field("name", alias($._name, $.name)), ":", field("value", $._expression)),

    money: ($) => seq(choice($.integer, $.decimal), $._currency_ahead, alias($._currency, $.currency)),
    boolean: () => choice("true", "false"),

    string: ($) => seq('"', repeat(choice($.string_content, $.escape_sequence, $.interpolation)), alias($._string_end, '"')),
    interpolation: ($) => seq(alias($._interpolation_start, "{"), $._expression, "}"),

    // Invisible and control characters are refused here, too.
    comment: () =>
      token(
        seq(
          "//",
          /[^\n\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u00A0\u00AD\u061C\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u3000\uFEFF]*/,
        ),
      ),
    _word: () => /[A-Za-z_][A-Za-z0-9_]*/,
  },
});
