"""What banks read and write: accounts, names, payment files and answers. Pure; knows no table and no person."""
