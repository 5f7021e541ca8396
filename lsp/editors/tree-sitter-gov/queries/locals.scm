; Scopes
(capability_definition) @local.scope
(workflow_definition) @local.scope
(block) @local.scope
(for_statement) @local.scope
(type_definition) @local.scope
(context_definition) @local.scope

; Definitions
(parameter name: (name) @local.definition.parameter)
(input_clause (fields (field name: (name) @local.definition.parameter)))
(step name: (name) @local.definition.var)
(let_statement name: (name) @local.definition.var)
(for_statement name: (name) @local.definition.var)
(approval_statement name: (name) @local.definition.var)

; References
(variable) @local.reference
(after_clause (name) @local.reference)
