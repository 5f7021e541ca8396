(workflow_definition (workflow_body) @function.inside) @function.around
(capability_definition (capability_body) @class.inside) @class.around
(policy_definition (policy_body) @class.inside) @class.around
(test_definition (test_body) @test.inside) @test.around
(parameters (parameter) @parameter.inside)
(entry value: (_) @entry.inside) @entry.around
(comment) @comment.inside
(comment)+ @comment.around
