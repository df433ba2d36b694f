export { accounts } from './accounts/surface.js';
export { apiAuth } from './api-auth/surface.js';
export { apiAuthCamel } from './api-auth-camel/surface.js';
export { apiV1 } from './api-v1/surface.js';
export { djoser } from './djoser/surface.js';
export { oauth } from './oauth/surface.js';
export { pages } from './pages/surface.js';
export { pictures } from './pictures/surface.js';
