module wirecheck/driver

go 1.23
