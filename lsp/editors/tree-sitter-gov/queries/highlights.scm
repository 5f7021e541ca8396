; Later patterns win over earlier ones.

; Names
(name) @variable
(variable) @variable
(field_name) @variable.member
(label) @label
(tag) @variable
(entry name: (name) @variable.member)
(field name: (name) @variable.member)
(parameter name: (name) @variable.parameter)
(step name: (name) @variable)
(workflow_definition name: (name) @function)
(workflow_call workflow: (name) @function)
(policy_definition name: (name) @module)
(policy_reference name: (name) @module)
(claim name: (name) @label)
(module_name) @module
(capability_id) @function
(principal) @tag
(pattern) @tag

; Types
(type_name) @type
((type_name) @type.builtin
  (#any-of? @type.builtin "Bool" "Int" "Decimal" "String" "Duration" "Time" "Json"))
["List" "Money"] @type.builtin
(money_type (currency) @constant)
(kind) @type.builtin

; Literals
(string) @string
(version) @string
(escape_sequence) @string.escape
(interpolation) @none
(interpolation ["{" "}"] @punctuation.special)
(integer) @number
(decimal) @number
(duration) @number
(money) @number
(boolean) @boolean
(level) @constant.builtin
(scope) @constant.builtin
(code) @constant

; Words
[
  "package" "use" "type" "context" "role" "set" "capability" "policy" "workflow" "prove" "test" "accept"
  "version" "tags" "deprecated" "input" "output" "effect" "risk" "compensate" "retry" "timeout" "idempotent" "cost"
  "handler" "none" "reversible" "irreversible" "required" "from" "with" "manually" "until" "success" "times" "backoff" "on"
  "transient" "by" "builtin" "http" "mcp" "exec" "when" "otherwise" "because" "where"
  "default" "escalate" "never" "allow" "deny" "require" "approval" "quorum" "within" "for" "to"
  "principal" "budget" "calls" "tenant" "step" "as" "run" "or" "failure" "continue" "after" "check" "else" "fail" "let" "if"
  "parallel" "in" "up" "wait" "return"
  "always" "sometimes" "undoes" "spends" "at" "most" "before" "without"
  "expect" "asserting" "completed" "compensated" "failed" "stuck" "given" "returns" "fails" "out" "approve" "reject"
] @keyword
["and" "not" "matches" "has" "len"] @keyword.operator
(binary_expression ["or" "in"] @keyword.operator)
(cast_expression "as" @keyword.operator)

; Marks
["->" "==" "!=" "<=" ">=" ">" "<" "??" "+" "-" "*" "=" "|" "?" ".."] @operator
["," ":" "."] @punctuation.delimiter
["(" ")" "[" "]" "{" "}"] @punctuation.bracket
(interpolation ["{" "}"] @punctuation.special)
(list_type ["<" ">"] @punctuation.bracket)
(money_type ["<" ">"] @punctuation.bracket)
"@" @attribute

(comment) @comment
((comment) @comment.documentation
  (#match? @comment.documentation "^///"))
