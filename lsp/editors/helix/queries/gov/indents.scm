; What stands in brackets is one step further in, and so is what goes on with a clause, a rule or a step.
[
  (capability_body)
  (policy_body)
  (workflow_body)
  (test_body)
  (block)
  (fields)
  (record_type)
  (record)
  (list)
  (members)
  (parameters)
  (parenthesized_expression)
  (rule)
  (step)
  (claim)
  (expect_decision)
  (effect_clause)
  (risk_clause)
  (approval_clause)
  (compensate_clause)
  (cost_clause)
] @indent

["}" "]" ")"] @outdent
