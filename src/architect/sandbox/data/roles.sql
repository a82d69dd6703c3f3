-- Roles of the sandbox. Passwords come as psql variables; names from the deployment.
CREATE ROLE :"replication_role" LOGIN REPLICATION PASSWORD :'replication_password';
CREATE ROLE :"service_role" LOGIN PASSWORD :'service_password';
CREATE ROLE :"operator_role" LOGIN CREATEDB PASSWORD :'operator_password';

-- What an operator needs in an emergency: a reserved slot, other sessions, statistics, and the service's own data.
GRANT pg_use_reserved_connections, pg_signal_backend, pg_monitor TO :"operator_role";
GRANT :"service_role" TO :"operator_role";

-- Every database has the extension from its template: only a superuser may make it.
\connect template1
CREATE EXTENSION pg_stat_statements;
CREATE DATABASE :"database" OWNER :"service_role";
\connect :"database"
SET ROLE :"service_role";
