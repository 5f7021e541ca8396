(type_definition "type" @context name: (type_name) @name) @item
(role_definition "role" @context name: (name) @name) @item
(set_definition "set" @context name: (name) @name) @item
(context_definition "context" @name) @item
(capability_definition "capability" @context name: (capability_id) @name) @item
(policy_definition "policy" @context name: (name) @name) @item
(rule label: (label) @name) @item
(workflow_definition "workflow" @context name: (name) @name) @item
(step "step" @context name: (name) @name) @item
(claim "prove" @context name: (name) @name) @item
(test_definition "test" @context name: (string) @name) @item
