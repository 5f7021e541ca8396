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
] @fold

(comment)+ @fold
