-- Roles of the sandbox. Passwords come as psql variables; names from the deployment.
CREATE ROLE :"replication_role" LOGIN REPLICATION PASSWORD :'replication_password';
CREATE ROLE :"service_role" LOGIN PASSWORD :'service_password';
CREATE ROLE :"operator_role" LOGIN CREATEDB PASSWORD :'operator_password';

-- What an operator needs in an emergency: a reserved slot, other sessions, statistics, and the service's own data.
GRANT pg_use_reserved_connections, pg_signal_backend, pg_monitor TO :"operator_role";
GRANT :"service_role" TO :"operator_role";

CREATE DATABASE :"database" OWNER :"service_role";
\connect :"database"
CREATE EXTENSION pg_stat_statements;
GRANT EXECUTE ON FUNCTION pg_stat_statements_reset TO :"operator_role";
SET ROLE :"service_role";
