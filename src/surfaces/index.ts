export { apiAuth } from './api-auth/surface.js';
export { apiV1 } from './api-v1/surface.js';
export { pages } from './pages/surface.js';
