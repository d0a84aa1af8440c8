from tenantry_ops.program import main

main()
